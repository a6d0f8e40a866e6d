#!/usr/bin/env python3
"""Absolute dose: the public 160 MeV field (plan02_mono of 2022_DCPT_LET, doi 10.5281/zenodo.10641085) in a box of water.

The field was planned for 2 Gy physical (BeamDose 2.2 Gy(RBE) = 2.0 x 1.1) 22.5 mm deep at the isocentre in water-equivalent slabs. Needs
numpy and pydicom. Usage: dose_mono.py VESTIBULE_BINARY DATA_FOLDER MACHINE.json
"""
import glob
import sys
import tempfile

import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from program import on_store

binary, data, machine = sys.argv[1:4]
plan_file = glob.glob(f"{data}/proton-water/plan02_mono/*.dcm")[0]
plan = pydicom.dcmread(plan_file)
beam = next(b for b in plan.IonBeamSequence if len(b.IonControlPointSequence) >= 2 and b.get("TreatmentDeliveryType") != "SETUP")
first = beam.IonControlPointSequence[0]
isocentre = np.array(first.IsocenterPosition, float)
assert first.GantryAngle == 0 and first.PatientSupportAngle == 0, "written for gantry 0"

work = tempfile.mkdtemp()
series, study = generate_uid(), plan.StudyInstanceUID
step, n = 2.5, (96, 60, 96)  # x, y, z
# The surface lies 22.5 mm in front (anterior, smaller y) of the isocentre.
origin = isocentre + np.array([-n[0] / 2 * step + step / 2, -22.5 + step / 2, -n[2] / 2 * step + step / 2])
for k in range(n[2]):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = "1.2.840.10008.5.1.4.1.1.2", ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    d = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    d.SOPClassUID, d.SOPInstanceUID, d.Modality = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID, "CT"
    d.PatientID, d.PatientName, d.PatientPosition = plan.PatientID, plan.PatientName, "HFS"
    d.PatientBirthDate, d.PatientSex = plan.get("PatientBirthDate", ""), plan.get("PatientSex", "")
    d.StudyInstanceUID, d.SeriesInstanceUID, d.FrameOfReferenceUID = study, series, plan.FrameOfReferenceUID
    d.SeriesDescription, d.InstanceNumber = "water", k + 1
    d.ImagePositionPatient = [float(origin[0]), float(origin[1]), float(origin[2] + k * step)]
    d.ImageOrientationPatient, d.PixelSpacing, d.SliceThickness = [1, 0, 0, 0, 1, 0], [step, step], step
    d.Rows, d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation = n[1], n[0], 1, "MONOCHROME2"
    d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 16, 16, 15, 1
    d.RescaleSlope, d.RescaleIntercept = 1, 0
    d.PixelData = np.zeros((n[1], n[0]), "<i2").tobytes()
    d.save_as(f"{work}/ct{k:03}.dcm", enforce_file_format=True)


vestibule = on_store(binary, f"{work}/store")
vestibule("patient", "import", work, plan_file)
patient = vestibule("patient", "list")["patients"][0]["id"]
result = vestibule("dose", "compute", "--patient", patient, "--machine", machine, "--grid-mm", "2.5", "--fraction", "--out", f"{work}/dose.dcm")
d = pydicom.dcmread(f"{work}/dose.dcm")
dose = d.pixel_array * float(d.DoseGridScaling)
at = (isocentre - np.array(d.ImagePositionPatient, float)) / 2.5
z, y, x = (int(round(v)) for v in at[::-1])
central = dose[z - 4 : z + 5, y - 1 : y + 2, x - 4 : x + 5]
print(f"machine {result['machine']}: {central.mean():.3f} Gy at 22.5 mm, planned 2.000 Gy: ratio {central.mean() / 2:.3f}")
