#!/usr/bin/env python3
"""Holds what packaging/ says against what the program needs: no container runs here.

  packaging_test.py --source DIR --pawl build/dev/bin/pawl

  * the image that builds has every package that cmake/dependencies.cmake may report as missing;
  * the image that runs has, listed or as a dependency, the package of every library that the program loads;
  * options that Dockerfile, unit and pawl.yaml use are options of `pawl serve`;
  * systemd-analyze finds nothing wrong with the unit.

What needs Debian's package tools or systemd is left out where they are not there. The last line is "N passed, N failed".
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import tempfile

TESTS_ONLY = {"catch2", "libbenchmark-dev"}  # the image builds the program alone


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def stages(source):
    """The packages that each stage of the Dockerfile installs."""
    text = (source / "packaging/Dockerfile").read_text().replace("\\\n", " ")
    found = []
    for stage in re.split(r"^FROM ", text, flags=re.M)[1:]:
        listed = re.search(r"apt-get install -y --no-install-recommends ([^&]+)&&", stage)
        found.append(set(listed[1].split()))
    return found


def test_the_building_image_has_what_is_looked_for(source, _pawl):
    wanted = set(re.findall(r"pawl_(?:find|import)\((\S+)", (source / "cmake/dependencies.cmake").read_text()))
    wanted -= TESTS_ONLY | {"package"}
    missing = {package for package in wanted if package.endswith("-dev")} - stages(source)[0]
    assert not missing, missing


def test_the_running_image_has_what_is_loaded(source, pawl):
    if not shutil.which("dpkg-query") or not shutil.which("apt-cache"):
        return
    listed = stages(source)[1]
    closure = set(re.findall(r"^(?:  Depends: |  PreDepends: )?(\S+)$", output(
        "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks",
        "--no-replaces", "--no-enhances", *listed), flags=re.M))
    needed = {}
    for library in re.findall(r"=> (/\S+)", output("ldd", pawl)):
        path = pathlib.Path(library).resolve()
        owner = subprocess.run(["dpkg-query", "-S", str(path)], capture_output=True, text=True, check=False)
        if owner.returncode != 0:  # of a merged /usr the files have the older name
            owner = subprocess.run(["dpkg-query", "-S", str(path).removeprefix("/usr")], capture_output=True, text=True,
                                   check=False)
        if owner.returncode == 0:
            needed[library] = owner.stdout.split(":")[0]
    assert needed
    missing = {library: package for library, package in needed.items() if package not in closure | listed}
    assert not missing, missing


def test_options_are_options(source, pawl):
    known = set(re.findall(r"--([a-z-]+)", output(pawl, "serve", "--help")))
    packaging = source / "packaging"
    used = set(re.findall(r"--([a-z-]+)", re.search(r"ExecStart=(.*)", (packaging / "pawl.service").read_text())[1]))
    used |= {line.lstrip("# ").split(":")[0] for line in (packaging / "pawl.yaml").read_text().splitlines()
             if re.match(r"(#  +)?[a-z-]+: ", line)}
    environment = re.findall(r"PAWL_([A-Z_]+)=", (packaging / "Dockerfile").read_text())
    used |= {name.lower().replace("_", "-") for name in environment}
    assert len(used) > 6 and used <= known, used - known


def test_the_unit_is_valid(source, pawl):
    if not shutil.which("systemd-analyze"):
        return
    with tempfile.TemporaryDirectory() as directory:
        unit = pathlib.Path(directory) / "pawl.service"
        text = (source / "packaging/pawl.service").read_text()
        unit.write_text(text.replace("/usr/bin/pawl", str(pathlib.Path(pawl).resolve())))
        verified = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
        said = [line for line in verified.stderr.splitlines() if "pawl.service" in line]
        # A page of documentation that is only there once it is installed is nothing wrong.
        said = [line for line in said if "documentation" not in line.lower()]
        assert verified.returncode == 0 and not said, verified.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--pawl", required=True)
    arguments = parser.parse_args()
    passed = failed = 0
    for name, test in sorted(globals().items()):
        if not name.startswith("test_"):
            continue
        try:
            test(arguments.source, arguments.pawl)
            passed += 1
        except AssertionError as error:
            print(f"FAILED {name}: {error}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
