"""The build of a firmware image, for every family of boards: run by SCons inside PlatformIO.

The project's own files (src/) hold the rune, the models and main; everything else is compiled
from where runeflash is installed: the C runtime, wasm3, the parts of picolibc they need, and
the files of the board. The objects land in PlatformIO's build cache, which all projects share.
"""

from pathlib import Path

from SCons.Script import Action, AlwaysBuild, Builder, Default, DefaultEnvironment

from runeflash.firmware import elf_tool, flags

env = DefaultEnvironment()
board = env.BoardConfig()
family = Path(env.PioPlatform().get_dir()).resolve()
build_dir = Path(env.subst("$BUILD_DIR"))
tools = flags.firmware_tools(
    env.GetProjectOption("custom_toolchain", "auto"), board.get("build.cpu"), board.get("build.fpu", "")
)
engine = env.GetProjectOption("custom_engine", "wasm3")
# What SCons knows of a project's objects belongs to that project. PlatformIO would keep it beside the cache of objects,
# where all projects share it under the same relative names: then one takes its own old object for the other's new one.
env.SConsignFile(str(build_dir / "sconsign"))
# The family's script with the board's stack: zig's linker takes no --defsym.
linker_script = build_dir / "firmware.ld"
linker_script.parent.mkdir(parents=True, exist_ok=True)
linker_script.write_text(
    f"__stack_size = {flags.stack_bytes(engine, int(str(board.get('runeflash.memory.stack')), 0))};\n"
    + (family / "linker" / board.get("build.ldscript")).read_text()
)

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
    LINKFLAGS=[*tools.machine, *tools.link, "-Wl,--gc-sections", f"-Wl,-T,{linker_script}"],
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
        flags.sources_mark(family),
        *flags.prefix_maps(),
        *[f"-I{path}" for path in flags.include_folders(family)],
        *flags.libc_includes(),
    ],
    CPPPATH=[],
)


def compile_group(name, sources, extra):
    """Return the objects of some files, each below build_dir/name."""
    group = env.Clone()
    group.Append(CCFLAGS=extra)
    return [group.Object(str(build_dir / name / f"{path.stem}.o"), str(path)) for path in sources]


groups = flags.source_groups(family, board.get("runeflash.sources"), engine)
objects = []
baud = f"-DRUNE_SERIAL_BAUD={int(str(board.get('runeflash.serial.baud')), 0)}"
for group_name, paths, extra in groups:
    objects += compile_group(group_name, paths, [*extra, baud] if group_name == "board" else extra)
sources = sorted(Path(env.subst("$PROJECT_SRC_DIR")).glob("*.c"))
# Only here does the command name the project's folder: the other objects are shared between projects.
project_map = f"-ffile-prefix-map={env.subst('$PROJECT_DIR')}=project"
rune_code = [path for path in sources if path.name == flags.RUNE_CODE_FILE]
objects += compile_group("rune", rune_code, [*flags.RUNE_CODE, project_map])
objects += compile_group("project", [path for path in sources if path not in rune_code], [*flags.PROJECT, project_map])

elf = env.Program(str(build_dir / "firmware.elf"), objects)
env.Depends(elf, str(linker_script))


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
images = [env.FlashImage(str(build_dir / "firmware"), elf), env.IntelHex(str(build_dir / "firmware"), elf)]
AlwaysBuild(env.Alias("nobuild", images))
Default([env.Alias("buildprog", images)])
