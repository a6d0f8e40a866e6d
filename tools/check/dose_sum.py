#!/usr/bin/env python3
"""`vestibule dose sum` of two synthetic RT Doses against SimpleITK (interpolated) and numpy (integrals kept), and its file.

Needs pydicom, numpy, SimpleITK; `dciodvfy` if it is on the PATH. The doses lie on different grids that cover each other in
part. With integrals kept, numpy multiplies by matrices of shared lengths along each axis. Exit code 1 on a difference.
Usage: dose_sum.py VESTIBULE_BINARY
"""
import argparse
import json
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

p = argparse.ArgumentParser()
p.add_argument("binary")
a = p.parse_args()
STUDY, FRAME = generate_uid(), generate_uid()


def write(path, size, spacing, origin, seed):
    """A soft field with noise, as a dose of a plan of its own. Sizes and places are x, y, z."""
    rng = np.random.default_rng(seed)
    z, y, x = np.meshgrid(*[origin[k] + spacing[k] * np.arange(size[k]) for k in (2, 1, 0)], indexing="ij")
    dose = 2 * np.exp(-(x**2 + y**2 + z**2) / 800) * (1 + 0.2 * rng.random(x.shape))
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.2"
    meta.MediaStorageSOPInstanceUID = generate_uid()
    d = FileDataset(path, {}, file_meta=meta, preamble=b"\0" * 128)
    d.SOPClassUID, d.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    d.PatientID, d.PatientName, d.StudyInstanceUID, d.SeriesInstanceUID = "SYN", "SYNTHETIC", STUDY, generate_uid()
    d.Modality, d.FrameOfReferenceUID = "RTDOSE", FRAME
    d.DoseUnits, d.DoseType, d.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    d.ImagePositionPatient, d.ImageOrientationPatient = list(origin), [1, 0, 0, 0, 1, 0]
    d.PixelSpacing, d.GridFrameOffsetVector = [spacing[1], spacing[0]], list(spacing[2] * np.arange(size[2]))
    d.NumberOfFrames, d.Rows, d.Columns = size[2], size[1], size[0]
    d.SamplesPerPixel, d.PhotometricInterpretation = 1, "MONOCHROME2"
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 32, 32, 31, 0
    d.DoseGridScaling = "1e-9"
    d.PixelData = np.round(dose / 1e-9).astype("<u4").tobytes()
    plan = pydicom.Dataset()
    plan.ReferencedSOPClassUID, plan.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.8", generate_uid()
    d.ReferencedRTPlanSequence = [plan]
    d.save_as(path)


def read(path):
    d = pydicom.dcmread(path)
    spacing = [*map(float, d.PixelSpacing[::-1]), float(d.GridFrameOffsetVector[1] - d.GridFrameOffsetVector[0])]
    return d, d.pixel_array * float(d.DoseGridScaling), np.array(spacing), np.array(d.ImagePositionPatient, float)


def shared(old, new):
    """Lengths that each new cell shares with each old one: (n, spacing, first centre) each."""
    edges = [o + s * (np.arange(n + 1) - 0.5) for n, s, o in (old, new)]
    return np.clip(np.minimum(edges[1][1:, None], edges[0][None, 1:]) - np.maximum(edges[1][:-1, None], edges[0][None, :-1]), 0, None)


def kept(volume, spacing, origin, to):
    n, s, o = to
    w = [shared((volume.shape[2 - k], spacing[k], origin[k]), (n[k], s[k], o[k])) for k in range(3)]
    return np.einsum("zc,yb,xa,cba->zyx", w[2], w[1], w[0], volume, optimize=True) / np.prod(s)


def interpolated(volume, spacing, origin, to):
    n, s, o = to
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(origin.tolist())
    return sitk.GetArrayFromImage(sitk.Resample(image, [int(v) for v in n], sitk.Transform(), sitk.sitkLinear, o.tolist(), s.tolist(),
                                                np.eye(3).ravel().tolist(), 0.0, sitk.sitkFloat64))


bad = False
with tempfile.TemporaryDirectory() as scratch:
    one, two, out = (f"{scratch}/{n}.dcm" for n in ("one", "two", "sum"))
    write(one, (40, 36, 30), (3.0, 3.0, 4.0), (-60.0, -55.0, -58.0), 1)
    write(two, (50, 44, 60), (2.5, 2.0, 2.0), (-50.3, -46.1, -55.7), 2)
    for way in ([], ["--conserve"]):
        said = json.loads(subprocess.run([a.binary, "dose", "sum", one, two + "*3", *way, "--out", out, "--json"], check=True,
                                         capture_output=True).stdout)
        d, got, spacing, origin = read(out)
        to = (np.array(got.shape[::-1]), spacing, origin)
        how = kept if way else interpolated
        parts = [(times, *read(f)[1:]) for times, f in ((1, one), (3, two))]
        want = sum(times * how(v, s, o, to) for times, v, s, o in parts)
        integral = sum(times * v.sum() * np.prod(s) for times, v, s, o in parts)
        off, energy = abs(got - want).max() / want.max(), got.sum() * np.prod(spacing) / integral - 1
        bad |= off > 1e-6 or (bool(way) and abs(energy) > 1e-6) or d.DoseSummationType != "MULTI_PLAN" or len(d.ReferencedRTPlanSequence) != 2
        print(f"{'integrals kept, numpy' if way else 'interpolated, SimpleITK'}: {got.shape[::-1]} voxels, largest difference {off:.1e} of the "
              f"maximum, integral off by {energy:+.1e}, {d.DoseSummationType} of {len(d.ReferencedRTPlanSequence)} plans, maximum {said['max_gy']:.4f} Gy")
    if shutil.which("dciodvfy"):
        # As packaged it ends at 32-bit pixel data, whoever wrote it: a copy says 16.
        d = pydicom.dcmread(out)
        d.PixelData = (d.pixel_array >> 16).astype("<u2").tobytes()
        d.BitsAllocated, d.BitsStored, d.HighBit = 16, 16, 15
        d.save_as(out)
        text = subprocess.run(["dciodvfy", out], capture_output=True, text=True)
        errors = [line for line in (text.stderr + text.stdout).splitlines() if line.startswith("Error")]
        bad |= bool(errors) or "RTDose" not in text.stderr + text.stdout
        print("dciodvfy:", *(errors or ["no error"]))
sys.exit(bool(bad))  # numpy's own bool is no exit code
