#!/usr/bin/env python3
"""Holds the registrations that `vestibule patient import` reads to pydicom, numpy and SimpleITK, on files that pydicom writes.

    pip install pydicom numpy SimpleITK
    tools/check/registration.py path/to/vestibule

Writes a CT, an MR and a PET, each in a frame of reference of its own, and Spatial Registration objects between them: one matrix, several
matrices, a frame in the middle, images in place of a frame, and what is not rigid. Where a point comes to is worked out by the words of
the standard (PS3.3 C.20.2.1.1, matrices applied in their order), by numpy and by SimpleITK. Prints one line a number compared, and ends
with code 1 where two disagree.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, SpatialRegistrationStorage, generate_uid

from program import compare, finish, on_store

STUDY = generate_uid()
FRAME = {name: generate_uid() for name in ("CT", "MR", "PET", "middle", "lost")}
POINTS = np.array([[0, 0, 0], [1, 2, 3], [-120.5, 80.25, 310]], float)


def new(storage, modality, frame):
    d = Dataset()
    d.file_meta = FileMetaDataset()
    d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = storage
    d.SOPInstanceUID = d.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    d.PatientID, d.PatientName, d.PatientBirthDate, d.PatientSex = "SYNTHETIC-REG", "SYNTHETIC^REG", "", ""
    d.StudyInstanceUID, d.SeriesInstanceUID = STUDY, generate_uid()
    d.Modality, d.FrameOfReferenceUID = modality, frame
    return d


def image(folder, storage, modality, frame, name):
    """Two slices of nothing; gives the SOPInstanceUIDs."""
    series, found = generate_uid(), []
    for k in range(2):
        d = new(storage, modality, frame)
        d.SeriesInstanceUID, d.SeriesDescription, d.InstanceNumber = series, name, k + 1
        d.ImagePositionPatient, d.ImageOrientationPatient = [-10, -20, 30 + 2 * k], [1, 0, 0, 0, 1, 0]
        d.PixelSpacing, d.SliceThickness = [1, 1], 2
        d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = 4, 4, 1, "MONOCHROME2"
        d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 1
        d.RescaleSlope, d.RescaleIntercept, d.PixelData = 1, 0, bytes(32)
        d.save_as(folder / f"{name}{k}.dcm", enforce_file_format=True)
        found.append(d.SOPInstanceUID)
    return found


def registration(folder, name, to, items, date="20260101"):
    """`items`: (frame or None, images, matrices, type)."""
    d = new(SpatialRegistrationStorage, "REG", to)
    d.ContentDate, d.ContentTime, d.ContentLabel, d.ContentDescription = date, "120000", name.upper(), ""
    d.RegistrationSequence = []
    for frame, images, matrices, kind in items:
        item, whole = Dataset(), Dataset()
        if frame:
            item.FrameOfReferenceUID = frame
        if images:
            item.ReferencedImageSequence = []
            for uid in images:
                r = Dataset()
                r.ReferencedSOPClassUID, r.ReferencedSOPInstanceUID = MRImageStorage, uid
                item.ReferencedImageSequence.append(r)
        whole.RegistrationTypeCodeSequence, whole.MatrixSequence = [], []
        for m in matrices:
            one = Dataset()
            one.FrameOfReferenceTransformationMatrixType = kind
            one.FrameOfReferenceTransformationMatrix = [pydicom.valuerep.DS(float(x), auto_format=True) for x in np.ravel(m)]
            whole.MatrixSequence.append(one)
        item.MatrixRegistrationSequence = [whole]
        d.RegistrationSequence.append(item)
    d.save_as(folder / f"{name}.dcm", enforce_file_format=True)
    return d.SOPInstanceUID


def rotation(axis, degrees, shift):
    """About a unit axis by Rodrigues' formula, then the shift."""
    a, t = np.array(axis, float) / np.linalg.norm(axis), np.radians(degrees)
    cross = np.array([[0, -a[2], a[1]], [a[2], 0, -a[0]], [-a[1], a[0], 0]])
    m = np.eye(4)
    m[:3, :3] = np.eye(3) + np.sin(t) * cross + (1 - np.cos(t)) * cross @ cross
    m[:3, 3] = shift
    return m


def by_simpleitk(file, frame, points):
    """The item of a frame as SimpleITK moves points by it: its matrices one after the other. Nothing here is multiplied."""
    items = [i for i in pydicom.dcmread(file).RegistrationSequence if i.get("FrameOfReferenceUID") == frame]
    for one in items[0].MatrixRegistrationSequence[0].MatrixSequence:
        m = np.array(one.FrameOfReferenceTransformationMatrix, float).reshape(4, 4)
        transform = sitk.AffineTransform(3)
        transform.SetMatrix(m[:3, :3].ravel().tolist())
        transform.SetTranslation(m[:3, 3].tolist())
        points = np.array([transform.TransformPoint(p.tolist()) for p in points])
    return points


def moved(shown, uid, frame, points):
    """Where vestibule's printed matrix takes them."""
    r = [r for r in shown["registrations"] if r["uid"] == uid and r["from_frame_uid"] == frame]
    m = np.array(r[0]["matrix"])
    return points @ m[:3, :3].T + m[:3, 3]


def main():
    binary = sys.argv[1]
    quarter = np.array([[0, -1, 0, 10], [1, 0, 0, 20], [0, 0, 1, 30], [0, 0, 0, 1]], float)
    oblique = rotation([1, -2, 0.5], 37.5, [-12.75, 300.125, 4.0625])
    tilt, shift = rotation([1, 0, 0], 12, [0, 0, 0]), rotation([0, 0, 1], 0, [5, -7, 11])
    with tempfile.TemporaryDirectory() as folder:
        study, vestibule = pathlib.Path(folder) / "study", on_store(binary, f"{folder}/store")
        study.mkdir()
        image(study, CTImageStorage, "CT", FRAME["CT"], "planning")
        mr = image(study, MRImageStorage, "MR", FRAME["MR"], "T1")
        image(study, MRImageStorage, "MR", FRAME["PET"], "other")
        still = (FRAME["CT"], [], [np.eye(4)], "RIGID")
        one = registration(study, "one", FRAME["CT"], [still, (FRAME["MR"], mr, [quarter], "RIGID")])
        several = registration(study, "several", FRAME["middle"], [(FRAME["PET"], [], [tilt, shift, oblique], "RIGID")])
        images = registration(study, "images", FRAME["middle"], [(None, mr, [oblique], "RIGID"), (FRAME["CT"], [], [shift], "RIGID")], "20250101")
        scaled = oblique.copy()
        scaled[:3, :3] *= 1.02
        registration(study, "scaled", FRAME["CT"], [(FRAME["lost"], [], [scaled], "RIGID"), (FRAME["lost"], [], [oblique], "AFFINE")])
        taken = vestibule("patient", "import", str(study))
        shown = vestibule("patient", "show", "SYNTHETIC-REG")
        compare("registrations", taken["patients"][0]["registrations"], 4)
        errors = sorted(n["text"].split(":")[0] for n in taken["notes"] if n["level"] == "error")
        compare("refused", [e[:22] for e in errors], ["has a matrix that scal", "is of type AFFINE, and"])

        # By hand, as the standard prints it: x' = M11 x + M12 y + M13 z + M14.
        got = moved(shown, one, FRAME["MR"], POINTS)
        compare("quarter turn, by hand", got[1].tolist(), [-2 + 10, 1 + 20, 3 + 30], 1e-9)
        expected = [(m @ [*p, 1])[:3] for m, p in ((quarter, p) for p in POINTS)]
        compare("quarter turn, numpy", np.round(got, 6).tolist(), np.round(expected, 6).tolist(), 1e-6)
        for name, uid, frame in (("one", one, "MR"), ("several", several, "PET"), ("images", images, "CT")):
            got = moved(shown, uid, FRAME[frame], POINTS)
            by = by_simpleitk(study / f"{name}.dcm", FRAME[frame], POINTS)
            compare(f"{name}, SimpleITK", np.round(got, 6).tolist(), np.round(by, 6).tolist(), 1e-6)
        got = moved(shown, images, FRAME["MR"], POINTS)
        compare("images for a frame, numpy", np.round(got, 6).tolist(), np.round([(oblique @ [*p, 1])[:3] for p in POINTS], 6).tolist(), 1e-6)
        for r in shown["registrations"]:
            m = np.array(r["matrix"])
            angle = np.degrees(np.arccos(np.clip((np.trace(m[:3, :3]) - 1) / 2, -1, 1)))
            compare(f"rotation of {r['label']}", round(r["rotation_deg"], 6), round(float(angle), 6), 1e-5)
            compare(f"translation of {r['label']}", r["translation_mm"], m[:3, 3].tolist(), 1e-9)
        text = subprocess.run([binary, "--store", f"{folder}/store", "--demo", "patient", "show", "SYNTHETIC-REG"], capture_output=True, text=True)
        print("".join(line for line in text.stdout.splitlines(True) if line.startswith("registers")), end="")
    finish()


main()
