#!/usr/bin/env python3
"""Writes assets/beams/*.json from the public DCPT beam model (CSV, CC BY 4.0, doi 10.5281/zenodo.10641085).

Usage: dose_machine.py MODEL.csv OUT.json [step in MeV, default 2]
"""
import json
import sys

source, out = sys.argv[1], sys.argv[2]
step = float(sys.argv[3]) if len(sys.argv) > 3 else 2.0
lines = open(source, encoding="utf-8").read().splitlines()
plane = next(float(l.split()[1]) for l in lines if "BMODPOS" in l)
rows = [[float(v) for v in l.split(",")] for l in lines if l and l[0].isdigit()]
last = rows[-1][0]
rows = [r for r in rows if abs((r[0] - 70) / step - round((r[0] - 70) / step)) < 1e-6 or r[0] == last]
version = "v5" if "v5" in source else "v2"
machine = {
    "name": "generic-pbs" if version == "v5" else "generic-pbs-2022",
    "source": f"DCPT beam model {version}, Bassler et al., 2022_DCPT_LET, doi 10.5281/zenodo.10641085; every {step:g} MeV. "
    "Virtual sources, range shifter material and delivery times are typical values, not measurements.",
    "licence": "CC BY 4.0",
    "nozzle_plane_mm": plane,
    "virtual_sad_mm": [2000.0, 2560.0],
    "energies": [
        {
            "nominal_mev": r[0],
            "mean_mev": round(r[1], 4),
            "spread_mev": round(r[2], 4),
            "protons_per_mu": r[3],
            "sigma_mm": [round(r[4], 4), round(r[5], 4)],
            "divergence_rad": [round(r[6], 7), round(r[7], 7)],
            "correlation": [round(r[8], 5), round(r[9], 5)],
        }
        for r in rows
    ],
    "range_shifter_material": {"name": "PMMA", "relative_stopping_power": 1.16, "radiation_length_mm": 340.7},
    "range_shifters": [
        {"id": "RS_2CM", "water_equivalent_mm": 23.0},
        {"id": "RS_3CM", "water_equivalent_mm": 34.0},
        {"id": "RS_5CM", "water_equivalent_mm": 57.0},
    ],
    "delivery": {
        "energy_switch_s": 1.5,
        "scan_speed_mm_per_s": [5000.0, 10000.0],
        "spot_settle_s": 0.003,
        "beam_current_na": 1.0,
        "minimum_dwell_s": 0.001,
    },
}
text = json.dumps(machine, indent=1)
# One energy a line.
import re

text = re.sub(r"\{\s*\"nominal_mev\".*?\n\s*\}", lambda m: re.sub(r"\s+", " ", m.group(0)), text, flags=re.S)
text = re.sub(r"\[\s*([-0-9.e]+),\s*([-0-9.e]+)\s*\]", r"[\1, \2]", text)
open(out, "w", encoding="utf-8").write(text + "\n")
