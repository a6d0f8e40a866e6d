#!/usr/bin/env python3
"""`vestibule dose constraints` on a folder with CT, RTSTRUCT, RTPLAN and RTDOSE (Gray, the course), held to figures by `dvh_exact.py`.

Every row of the protocol is read here anew (own reading of the metric, own goal and verdict) and its value worked out from 1.5 million
places in the structure; names are matched as written. Allowed: doses 0.5 % of the prescription (1 % for Max and Min, which are extremes of samples),
volumes 0.5 points of percent or 0.5 %; a verdict may differ only where the value lies that close to the limit.
Needs pydicom and shapely. Usage: constraints.py VESTIBULE_BINARY FOLDER PROTOCOL.json
"""
import json
import operator
import pathlib
import re
import sys
import tempfile

import numpy as np
import pydicom

import dvh_exact
from program import on_store

binary, folder, protocol = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
headers = {f: pydicom.dcmread(f, stop_before_pixels=True) for f in sorted(folder.rglob("*.dcm"))}
files = {h.Modality: f for f, h in headers.items()}
d = pydicom.dcmread(files["RTDOSE"])
named = [r.ReferencedSOPInstanceUID for r in d.get("ReferencedRTPlanSequence", [])]
plan = next(h for h in headers.values() if h.Modality == "RTPLAN" and h.SOPInstanceUID in named)
with tempfile.TemporaryDirectory() as scratch:
    vestibule = on_store(binary, scratch + "/store")
    vestibule("patient", "import", str(folder))
    who = vestibule("patient", "list")["patients"][0]["id"]
    table = vestibule("dose", "constraints", "--patient", who, "--dose", str(d.SOPInstanceUID), "--protocol", protocol)
dose = dvh_exact.Dose(d)
prescription = max(float(r.TargetPrescriptionDose) for r in plan.DoseReferenceSequence if "TargetPrescriptionDose" in r)
names = {r.ROINumber: r.ROIName for r in pydicom.dcmread(files["RTSTRUCT"]).StructureSetROISequence}
contours = {names[c.ReferencedROINumber]: c for c in pydicom.dcmread(files["RTSTRUCT"]).ROIContourSequence}
known = {}


def value(metric, gy, cm3):
    """The figure by its name; doses in percent of the prescription, volumes in percent of the structure."""
    figure, unit = re.fullmatch(r"(.+)\[(.+)\]", metric).groups()
    order = np.argsort(-gy)
    so_far, total = np.cumsum(cm3[order]), cm3.sum()
    if m := re.fullmatch(r"(DC|D)([\d.]+)(%|cc)", figure):
        part = float(m[2]) * (total / 100 if m[3] == "%" else 1)
        out = gy[order][min(np.searchsorted(so_far, total - part if m[1] == "DC" else part), len(gy) - 1)]
    elif m := re.fullmatch(r"(CV|V)([\d.]+)(%|Gy)", figure):
        hot = cm3[gy >= float(m[2]) * (prescription / 100 if m[3] == "%" else 1)].sum()
        out = total - hot if m[1] == "CV" else hot
        return out * (100 / total if unit == "%" else 1)
    else:
        out = {"Mean": (gy * cm3).sum() / total, "Max": gy.max(), "Min": gy.min()}[figure]
    return out * (100 / prescription if unit == "%" else 1)


wrong = 0
for row, ours in zip(json.load(open(protocol))["rows"], table["rows"], strict=True):
    name = row["structure"]
    if name not in contours:
        assert ours["verdict"] == "no_structure", (name, ours)
        continue
    if name not in known:
        known[name] = dvh_exact.samples(dvh_exact.planes_of(contours[name]), dose)
    metric = row["metric"]
    want = float(value(metric, *known[name]))
    part = 0.01 if metric.startswith("M") and not metric.startswith("Mean") else 0.005
    of_volume = metric.startswith(("V", "CV"))
    allowed = (0.5 if metric.endswith("[%]") else 0.005 * max(want, 1)) if of_volume else part * (
        100 if metric.endswith("[%]") else prescription)
    holds = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}[row["compare"]]
    said = "met" if holds(want, row["goal"]) else (
        "within_variation" if "variation" in row and holds(want, row["variation"]) else "not_met")
    near = any(abs(want - row[k]) <= allowed for k in ("goal", "variation") if k in row)
    good = abs(ours["value"] - want) <= allowed and (ours["verdict"] == said or near)
    wrong += not good
    print(f"{name:<16} {metric:<12} here {ours['value']:>9.3f}  exact {want:>9.3f}  allowed {allowed:.3f}  {ours['verdict']}"
          + ("" if good else "   WRONG"))
sys.exit(wrong > 0)
