"""The build of a firmware image, for every family of boards: run by SCons inside PlatformIO.

The project's own files (src/) hold the rune, the models and main; everything else is compiled
from where runeflash is installed: the C runtime, wasm3, the parts of picolibc they need, and
the files of the board. The objects land in PlatformIO's build cache, which all projects share.

The target `upload` builds and flashes. With `nobuild` before it, the file that the environment variable
RUNEFLASH_UPLOAD_IMAGE names is flashed as it stands: that is how `runeflash flash` does it.
"""

import os
from pathlib import Path

from SCons.Script import COMMAND_LINE_TARGETS, Action, AlwaysBuild, Builder, Default, DefaultEnvironment

from runeflash.boards.board import OWN_FILE, read_board
from runeflash.firmware import elf_tool, flags
from runeflash.firmware.linker_script import linker_script

env = DefaultEnvironment()
family = Path(env.PioPlatform().get_dir()).resolve().name
# A board of the user's own has its files beside its description, and so has this copy.
board = read_board(Path(env.subst("$PROJECT_DIR")) / "boards" / f"{env['BOARD']}.json", family)
build_dir = Path(env.subst("$BUILD_DIR"))
tools = flags.firmware_tools(env.GetProjectOption("custom_toolchain", "auto"), board.cpu, board.fpu)
engine = env.GetProjectOption("custom_engine", "wasm3")
profile = env.GetProjectOption("custom_profile", "no") == "yes"
# What SCons knows of a project's objects belongs to that project. PlatformIO would keep it beside the cache of objects,
# where all projects share it under the same relative names: then one takes its own old object for the other's new one.
env.SConsignFile(str(build_dir / "sconsign"))
script_path = build_dir / "firmware.ld"
script_path.parent.mkdir(parents=True, exist_ok=True)
script_path.write_text(linker_script(board, int(env.GetProjectOption("custom_stack", board.stack))))

env.Replace(
    AR=tools.archiver,
    ARFLAGS=["rc"],
    AS=tools.compiler,
    CC=tools.compiler,
    CXX=tools.compiler,
    LINK=tools.compiler,
    RANLIB=tools.ranlib,
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    # No response files and no map: the commands, and with them the cache, are the same everywhere.
    LINKFLAGS=[*tools.machine, *tools.link, "-Wl,--gc-sections", f"-Wl,-T,{script_path}"],
    LINKCOM="$LINK -o $TARGET $LINKFLAGS $SOURCES $_LIBFLAGS",
    LIBS=[tools.support_library],
    SIZETOOL=None,
    SIZECHECKCMD='"$PYTHONEXE" -m runeflash.firmware.elf_tool size $SOURCES',
    SIZEPROGREGEXP=r"^flash (\d+)$",
    SIZEDATAREGEXP=r"^ram (\d+)$",
    SIZEPRINTCMD=None,
)
env["ENV"].update(flags.tool_environment())
env.Replace(
    ASFLAGS=[],
    CPPDEFINES=[],
    CFLAGS=[],
    CCFLAGS=[
        *tools.machine,
        *flags.SEMANTICS,
        flags.sources_mark(),
        *flags.prefix_maps(),
        *[f"-I{path}" for path in flags.include_folders()],
        *flags.libc_includes(),
    ],
    CPPPATH=[],
)


# In the cache of objects a path is part of an object's name: of what boards share, no part of it may be the board's id.
shared_dir = Path(env.subst("$PROJECT_WORKSPACE_DIR")) / "shared"


def compile_group(name, sources, extra, place=build_dir):
    """Return the objects of some files, each below place/name."""
    group = env.Clone()
    group.Append(CCFLAGS=extra)
    return [group.Object(str(place / name / f"{path.stem}.o"), str(path)) for path in sources]


objects = []
for group_name, paths, extra in flags.source_groups(engine, tools.small, profile=profile):
    objects += compile_group(group_name, paths, extra, shared_dir)
sources = sorted(Path(env.subst("$PROJECT_SRC_DIR")).glob("*.c"))
# Only here does the command name the project's folder: the other objects are shared between projects.
project_map = f"-ffile-prefix-map={env.subst('$PROJECT_DIR')}=project"
rune_code = [path for path in sources if path.name == flags.RUNE_CODE_FILE]
objects += compile_group("rune", rune_code, [*flags.RUNE_CODE, project_map])
objects += compile_group("project", [path for path in sources if path not in rune_code], [*flags.PROJECT, project_map])
board_flags = [*flags.OWN, *tools.small, *flags.board_flags(board)]
family_sources = [name for name in board.sources if not name.startswith(OWN_FILE)]
objects += compile_group("board", map(board.source_path, family_sources), board_flags)
for number, name in enumerate(name for name in board.sources if name.startswith(OWN_FILE)):
    # Each in a folder of its own: two may have the same name.
    objects += compile_group(f"own{number}", [board.source_path(name)], [*board_flags, project_map])

elf = env.Program(str(build_dir / "firmware.elf"), objects)
env.Depends(elf, str(script_path))


def write_bin(target, source, env):
    """Write what is flashed."""
    Path(str(target[0])).write_bytes(elf_tool.flash_image(elf_tool.read_elf(Path(str(source[0])))))


def write_hex(target, source, env):
    """Write the same as Intel HEX."""
    Path(str(target[0])).write_text(elf_tool.intel_hex(elf_tool.read_elf(Path(str(source[0])))))


# Functions, not commands: starting a Python for each costs more than all that changed.
env.Append(
    BUILDERS={
        "FlashImage": Builder(action=Action(write_bin, "Writing $TARGET"), suffix=".bin"),
        "IntelHex": Builder(action=Action(write_hex, "Writing $TARGET"), suffix=".hex"),
    }
)
if "nobuild" in COMMAND_LINE_TARGETS:
    images = [env.File(os.environ.get("RUNEFLASH_UPLOAD_IMAGE", str(build_dir / "firmware.bin")))]
else:
    images = [env.FlashImage(str(build_dir / "firmware"), elf), env.IntelHex(str(build_dir / "firmware"), elf)]
AlwaysBuild(env.Alias("nobuild", images))
Default([env.Alias("buildprog", images)])

env.Replace(
    UPLOADCMD='"$PYTHONEXE" -m runeflash.device.upload --board "$PROJECT_DIR/boards/${BOARD}.json" '
    f'--family {family} --port "$UPLOAD_PORT" "$SOURCE"',
)
AlwaysBuild(env.Alias("upload", images[0], env.VerboseAction("$UPLOADCMD", "Uploading $SOURCE")))
