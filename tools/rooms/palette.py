"""Every plain colour of a room in one small picture, so that a hundred painted things are one material and one draw call.

Colour = base colour in linear light, roughness, metallic. Values are paints, plastics and metals as a photographer would meter them:
nothing darker than rubber (0.025), nothing lighter than fresh paint (0.82).
"""

import numpy as np
from PIL import Image

MATERIAL = "paint"
CELL, COLUMNS, ROWS = 8, 8, 8

COLOURS = {
    "skirting": ((0.36, 0.40, 0.37), 0.40, 0),
    "cover": ((0.80, 0.80, 0.785), 0.30, 0),
    "cover_grey": ((0.42, 0.44, 0.45), 0.42, 0),
    "shell": ((0.66, 0.665, 0.66), 0.45, 0),
    "slat": ((0.46, 0.475, 0.47), 0.38, 0),
    "dark": ((0.045, 0.048, 0.052), 0.45, 0),
    "rubber": ((0.025, 0.026, 0.028), 0.75, 0),
    "steel": ((0.62, 0.63, 0.64), 0.32, 1),
    "brass": ((0.72, 0.53, 0.26), 0.38, 1),
    "accent": ((0.13, 0.31, 0.36), 0.38, 0),
    "linen": ((0.80, 0.80, 0.77), 0.85, 0),
    "kapton": ((0.74, 0.60, 0.34), 0.30, 0),
    "red": ((0.55, 0.03, 0.025), 0.35, 0),
    "yellow": ((0.72, 0.50, 0.06), 0.5, 0),
    "frost": ((0.55, 0.70, 0.75), 0.18, 0),
    "blue_pale": ((0.36, 0.52, 0.60), 0.5, 0),
    "terracotta": ((0.50, 0.20, 0.11), 0.7, 0),
    "leaf": ((0.07, 0.16, 0.05), 0.55, 0),
    "leaf_light": ((0.16, 0.27, 0.08), 0.55, 0),
    "gap": ((0.07, 0.075, 0.08), 0.8, 0),
    "panel_glass": ((0.15, 0.165, 0.175), 0.22, 0),
    "sand": ((0.62, 0.54, 0.42), 0.75, 0),
    "guide": ((0.20, 0.42, 0.44), 0.36, 0),
    "piping": ((0.22, 0.33, 0.28), 0.6, 0),
    "paper": ((0.78, 0.77, 0.74), 0.8, 0),
    "soil": ((0.06, 0.045, 0.03), 0.95, 0),
    "ceramic": ((0.82, 0.82, 0.80), 0.12, 0),
    "amber": ((0.62, 0.40, 0.20), 0.3, 0),
    "book_a": ((0.30, 0.36, 0.42), 0.6, 0),
    "book_b": ((0.52, 0.30, 0.22), 0.6, 0),
    "book_c": ((0.62, 0.58, 0.46), 0.6, 0),
}


def index(name):
    return list(COLOURS).index(name)


def cell(name):
    """UV of the middle of a colour's cell."""
    i = index(name)
    x, y = i % COLUMNS, i // COLUMNS
    return (x + 0.5) / COLUMNS, 1 - (y + 0.5) / ROWS


def encode(c):
    c = np.clip(np.asarray(c, float), 0, 1)
    return np.where(c <= 0.0031308, c * 12.92, 1.055 * c ** (1 / 2.4) - 0.055)


def pictures(folder):
    """palette.png (sRGB colour) and palette_rm.png (glTF: G roughness, B metallic)."""
    colour = np.full((ROWS * CELL, COLUMNS * CELL, 3), 128, np.uint8)
    rm = np.zeros_like(colour)
    for i, (c, rough, metal) in enumerate(COLOURS.values()):
        x, y = i % COLUMNS * CELL, i // COLUMNS * CELL
        colour[y : y + CELL, x : x + CELL] = (encode(c) * 255 + 0.5).astype(np.uint8)
        rm[y : y + CELL, x : x + CELL] = (255, int(rough * 255 + 0.5), int(metal * 255))
    Image.fromarray(colour).save(f"{folder}/palette.png")
    Image.fromarray(rm).save(f"{folder}/palette_rm.png")
