#!/usr/bin/env bash
# Secondary Capture files against dciodvfy (dicom3tools) and pydicom: no error, no warning, the same pixels and words.
# One warning is known: Laterality stands empty, since no picture knows whether what it shows is one of a pair (left out,
# dciodvfy calls it an error).
# Builds the example `secondary_capture` and gives it a gradient in three sizes, odd ones among them (padding).
# Usage: tools/check/secondary_capture.sh [PYTHON WITH PYDICOM AND NUMPY, default python3]
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo build --locked -q -p vestibule-dicom --example secondary_capture
make=${CARGO_TARGET_DIR:-target}/debug/examples/secondary_capture
bad=0
for case in "640 400 SYNTHETIC^VESTIBULE" "1 1 Ménard^Hélène" "333 77 Ménard^Hélène" "1920 1080 SYNTHETIC^VESTIBULE"; do
  read -r width height name <<< "$case"
  "$python" - "$width" "$height" > "$work/rgb" << 'PY'
import sys
import numpy as np
w, h = int(sys.argv[1]), int(sys.argv[2])
y, x = np.mgrid[0:h, 0:w]
sys.stdout.buffer.write(np.stack([x * 7 % 256, y * 5 % 256, (x + 3 * y) % 256], axis=2).astype(np.uint8).tobytes())
PY
  "$make" "$width" "$height" "$name" "$work/sc.dcm" < "$work/rgb"
  said=$(dciodvfy "$work/sc.dcm" 2>&1 || true)
  grep -q '^SCImage' <<< "$said" || { echo "dciodvfy saw no SCImage: $said"; bad=1; }
  if grep -E '^(Error|Warning)' <<< "$said" | grep -v 'attribute <Laterality>$'; then bad=1; fi
  "$python" - "$work/sc.dcm" "$work/rgb" "$name" << 'PY' || bad=1
import sys
import numpy as np
import pydicom
d = pydicom.dcmread(sys.argv[1])
raw = np.fromfile(sys.argv[2], dtype=np.uint8)
assert np.array_equal(d.pixel_array, raw.reshape(d.Rows, d.Columns, 3)), "other pixels"
assert str(d.PatientName) == sys.argv[3], d.PatientName
comment = "Un écart de 3 mm au tronc cérébral\r\nà revoir"
mark = "" if "SYNTHETIC" in sys.argv[3] else "not for clinical decisions\r\n"
assert d.ImageComments == mark + comment, repr(d.ImageComments)
print(f"{d.Columns} x {d.Rows}: dciodvfy and pydicom agree")
PY
done
exit $bad
