"""What the checks share: the program on a store of its own, and figures of its held against another reader's."""
import json
import subprocess
import sys

import numpy as np

_differences = 0


def on_store(binary, folder):
    """The program on the demonstration store in a folder, as a function: its arguments are the command's, it gives the JSON that comes
    back. Where the command fails, its own words end the check."""

    def vestibule(*arguments):
        out = subprocess.run([binary, "--store", str(folder), "--demo", *arguments, "--json"], capture_output=True, text=True)
        if out.returncode:
            sys.exit(f"{' '.join(arguments)}: {out.stderr}")
        return json.loads(out.stdout)

    return vestibule


def compare(what, ours, theirs, tolerance=0.0):
    """Prints both and counts a difference; numbers may be apart by the tolerance."""
    global _differences
    agree = np.allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=0, atol=tolerance) if tolerance else ours == theirs
    _differences += not agree
    print(f"{'agrees  ' if agree else 'DIFFERS '} {what}: vestibule {ours}, reference {theirs}")


def finish():
    """Says how many comparisons differed; with any the exit code is 1."""
    print(f"{_differences} differences")
    sys.exit(_differences > 0)
