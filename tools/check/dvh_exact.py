"""Dose-volume figures of a structure, worked out by other ways than the program's: exact areas of the contours by shapely,
and the dose at random places of the slabs. `dvh.py` holds both the program and dicompyler-core to them, each by its own convention.

- exact:  each contour plane stands for a slab half way to its neighbours (end slabs as thick outwards as inwards); area of the polygons
          (holes by exclusive or) times thickness; dose trilinear at places spread through the slab.
- plane:  the same areas and thickness, but the dose is read on the contour's plane only.
- pixel:  as dicompyler-core 0.5.6 does by default: a pixel of the dose grid is inside where its centre is, whole; dose of that pixel
          on the contour's plane (of the nearest dose plane where that is within 0.5 mm); bins of 1 cGy.
- fine:   as it does with an in-plane resolution: scikit-image's `rescale` of the dose, whose pixels are areas, laid on places that
          run from the first to the last centre. `fine_there` reads the dose where those places are instead.
"""
import numpy as np
import shapely
from shapely import make_valid
from shapely.geometry import Polygon

PLACES = 1_500_000


class Dose:
    """An axial RT Dose by pydicom: values in Gray at z, y, x."""

    def __init__(self, d):
        assert [round(float(v), 6) for v in d.ImageOrientationPatient] == [1, 0, 0, 0, 1, 0], "head first supine, axial only"
        self.gy = d.pixel_array.astype(np.float64) * float(d.DoseGridScaling)
        x, y, z = (float(v) for v in d.ImagePositionPatient)
        dy, dx = (float(v) for v in d.PixelSpacing)
        offsets = np.array([float(v) for v in d.GridFrameOffsetVector])
        order = np.argsort(offsets)
        self.gy, self.z = self.gy[order], z + offsets[order]
        self.x, self.y = x + dx * np.arange(self.gy.shape[2]), y + dy * np.arange(self.gy.shape[1])

    def at(self, x, y, z):
        """Trilinear; 0 outside (counted by the second value)."""
        low, part, inside = [], [], np.ones(len(x), bool)
        for axis, v in ((self.z, z), (self.y, y), (self.x, x)):
            i = (v - axis[0]) / (axis[1] - axis[0])
            # Half a voxel beyond the last centre belongs to the last voxel.
            inside &= (i >= -0.5) & (i <= len(axis) - 0.5)
            i = np.clip(i, 0, len(axis) - 1)
            n = np.minimum(i.astype(int), len(axis) - 2)
            low.append(n)
            part.append(i - n)
        out = np.zeros(len(x))
        for corner in np.ndindex(2, 2, 2):
            weight = np.ones(len(x))
            for c, f in zip(corner, part):
                weight *= f if c else 1 - f
            out += weight * self.gy[low[0] + corner[0], low[1] + corner[1], low[2] + corner[2]]
        return np.where(inside, out, 0.0), inside


def planes_of(roi_contour):
    """[(z, area that is inside)] of an ROIContourSequence item, rising."""
    planes = []
    for c in roi_contour.ContourSequence:
        p = np.array([float(v) for v in c.ContourData]).reshape(-1, 3)
        if len(p) < 3:
            continue
        shape = make_valid(Polygon(p[:, :2]))
        z = p[:, 2].mean()
        for i, (at, area) in enumerate(planes):
            if abs(at - z) < 0.05:
                planes[i] = (at, area.symmetric_difference(shape))
                break
        else:
            planes.append((z, shape))
    return sorted(planes, key=lambda p: p[0])


def slabs(z):
    gaps = np.diff(z)
    usual = np.sort(gaps)[len(gaps) // 2] if len(gaps) else 1.0
    half = lambda g: 0.5 * (g if g <= 1.5 * usual else usual)
    below = [half(usual)] + [half(g) for g in gaps]
    above = [half(g) for g in gaps] + [half(usual)]
    return [(at - b, at + a) for at, b, a in zip(z, below, above)]


def figures(gy, cm3):
    """Volume, D98, D95, D50, D2 and mean."""
    order = np.argsort(-gy)
    so_far, gy = np.cumsum(cm3[order]), gy[order]
    volume = so_far[-1]
    at = lambda part: gy[min(np.searchsorted(so_far, part * volume), len(gy) - 1)]
    return [volume, *(at(p) for p in (0.98, 0.95, 0.5, 0.02)), float((gy * cm3[order]).sum() / volume)]


def samples(planes, dose, on_plane=False):
    """Gray and cm3 of places spread through the slabs; the cm3 add up to the exact volume."""
    z = [p[0] for p in planes]
    reach = slabs(z)
    volume = sum(area.area * (b - a) for (_, area), (a, b) in zip(planes, reach))
    step = max((volume / PLACES) ** (1 / 3), 0.02)
    random = np.random.default_rng(7)
    all_gy, all_cm3 = [], []
    for (at, area), (a, b) in zip(planes, reach):
        if area.area == 0:
            continue
        shapely.prepare(area)
        x0, y0, x1, y1 = area.bounds
        layers = int(np.ceil((b - a) / step))
        nx, ny = int(np.ceil((x1 - x0) / step)), int(np.ceil((y1 - y0) / step))
        gy = []
        for layer in range(layers):
            # One place at random in each cell of a raster: random, but nowhere crowded.
            i, j = np.meshgrid(np.arange(nx), np.arange(ny))
            x = x0 + (i.ravel() + random.random(i.size)) * (x1 - x0) / nx
            y = y0 + (j.ravel() + random.random(i.size)) * (y1 - y0) / ny
            keep = shapely.contains_xy(area, x, y)
            x, y = x[keep], y[keep]
            depth = np.full(len(x), at) if on_plane else a + (layer + random.random(len(x))) * (b - a) / layers
            gy.append(dose.at(x, y, depth)[0])
        gy = np.concatenate(gy)
        all_gy.append(gy)
        all_cm3.append(np.full(len(gy), area.area * (b - a) * 1e-3 / len(gy)))
    gy, cm3 = np.concatenate(all_gy), np.concatenate(all_cm3)
    assert abs(cm3.sum() / (volume * 1e-3) - 1) < 1e-9
    return gy, cm3


def exact(planes, dose, on_plane=False):
    return figures(*samples(planes, dose, on_plane))


def pixel(planes, dose, x=None, y=None, gy=None):
    """dicompyler-core's way; with x, y and gy(z) on a finer raster."""
    x, y = dose.x if x is None else x, dose.y if y is None else y
    z = np.array([p[0] for p in planes])
    thick = np.min(np.diff(z)) if len(z) > 1 else 0.0
    cell = np.mean(np.diff(x)) * np.mean(np.diff(y)) * thick * 1e-3
    i, j = np.meshgrid(x, y)
    found, count = [], 0
    for at, area in planes:
        shapely.prepare(area)
        mask = shapely.contains_xy(area, i.ravel(), j.ravel()).reshape(i.shape)
        count += mask.sum()
        on = dose_plane(dose, at)
        if on is not None:
            found.append((on if gy is None else gy(on))[mask])
    found = np.concatenate(found)
    cgy = np.floor(found * 100)
    top = np.arange(cgy.max() + 1)
    # Volume that has at least each whole cGy.
    least = np.array([(cgy >= c).mean() for c in top])
    edge = lambda part: top[np.argmin(np.abs(least - part))] / 100
    return [count * cell, *(edge(p) for p in (0.98, 0.95, 0.5, 0.02)), float((cgy + 0.5).mean() / 100)]


def dose_plane(dose, z):
    gap = np.abs(dose.z - z)
    if gap.min() < 0.5:
        return dose.gy[gap.argmin()]
    if z < dose.z[0] or z > dose.z[-1]:
        return None
    n = np.searchsorted(dose.z, z) - 1
    f = (z - dose.z[n]) / (dose.z[n + 1] - dose.z[n])
    return (1 - f) * dose.gy[n] + f * dose.gy[n + 1]


def fine(planes, dose, mm, there):
    """dicompyler-core's in-plane resolution `mm` with `use_structure_extents`; `there`: the dose read where its places are."""
    box = np.array([p[1].bounds for p in planes])
    first, last = [], []
    for axis, low, high in ((dose.x, box[:, 0].min(), box[:, 2].max()), (dose.y, box[:, 1].min(), box[:, 3].max())):
        a, b = np.abs(axis - low).argmin(), np.abs(axis - high).argmin()
        if axis is dose.x and axis[a] > low:
            a -= 1
        first.append(max(0, a - 1))
        last.append(min(len(axis) - 1, b + 1))
    places, read = [], []
    for axis, a, b in zip((dose.x, dose.y), first, last):
        times = (axis[1] - axis[0]) / mm
        n = round((b - a) * times)
        places.append(np.linspace(axis[a], axis[b], n))
        # In dose pixels from the first one: where `rescale` reads, or where the place is.
        read.append((places[-1] - axis[a]) / (axis[1] - axis[0]) if there else (np.arange(n) + 0.5) / times - 0.5)

    def on_raster(gy):
        for axis, (a, b) in enumerate(zip(first, last)):
            gy = np.moveaxis(gy, 1 - axis, 0)
            # `rescale` is given no last pixel, and has no more than its edges beyond the others.
            i = np.clip(read[axis], 0, b - a - (0 if there else 1)) + a
            n = np.minimum(i.astype(int), len(gy) - 2)
            f = (i - n)[:, None]
            gy = np.moveaxis((1 - f) * gy[n] + f * gy[n + 1], 0, 1 - axis)
        return gy
    return pixel(planes, dose, places[0], places[1], on_raster)
