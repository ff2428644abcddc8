"""Under which names files are looked for when nobody says where they are."""

RUNEFILE_NAMES = ("Runefile.yml", "Runefile.yaml", "Runefile")
