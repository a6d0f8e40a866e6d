"""Writes assets/phantom/brain.bin.zst: the Colin27 brain, fitted into the head of make_head.py.

Needs numpy, scipy, nibabel and zstandard, and Debian's `mricron-data` unpacked (ch2better: Colin27 at 0.5 mm, brain only;
aal: labels drawn on the same brain).

    python make_brain.py PATH/usr/share/mricron/templates OUT_DIR [SHEET.png]      (OUT_DIR holds head.bin.zst)

The fit is affine by landmarks (eyes, top, front and back of the skull), then a smooth radial stretch of the upper brain, so that a
skull of even thickness remains under the skin. It keeps the shape of every gyrus, and no measure of a real person.

File: zstd of  b"VBRAIN1\0", u32 size[3], f32 spacing, f32 origin[3] (mm, DICOM patient, centre of the first voxel), then three
u8 volumes of that size, x fastest: tissue (0 CSF or outside, 1 to 31 grey to white as the T1 image has it), region (0 outside the
dura, 1 left and 2 right hemisphere, 3 cerebellum, 4 brainstem, 5 ventricles, 6 deep grey, 7 left and 8 right hippocampus), and distance to the dura + 100
in units of 0.25 mm (100 = on the dura, more = inside).
"""
import os, struct, sys
import nibabel, numpy as np, zstandard
from scipy import ndimage as nd

SRC, OUT = sys.argv[1], sys.argv[2]
SPACING = 0.8
CENTRE = np.array([0.0, -3.0, 35.0])           # of the cranial cavity, DICOM patient mm
SKULL_AND_SCALP = 9.5                          # mm from the skin to the dura over the vault
CSF = 1.6                                      # mm of fluid between dura and the gyri's crowns


def head():
    b = zstandard.ZstdDecompressor().decompress(open(os.path.join(OUT, 'head.bin.zst'), 'rb').read())
    n, o, parts = struct.unpack_from('<I', b, 8)[0], 12, {}
    for _ in range(n):
        l, = struct.unpack_from('<I', b, o); o += 4
        name = b[o:o + l].decode(); o += l
        nv, nt = struct.unpack_from('<II', b, o); o += 8
        v = np.frombuffer(b, '<f4', nv * 3, o).reshape(-1, 3); o += nv * 12
        t = np.frombuffer(b, '<u4', nt * 3, o).reshape(-1, 3); o += nt * 12
        parts[name] = (v.astype(float), t)
    return parts


def voxelise(v, t, lo, size):
    """Inside mask on a 1 mm grid [x, y, z] by counting crossings along x."""
    rows = {}
    p = v[t] - lo + np.array([0, 1.3e-4, 2.7e-4])
    for a in p:
        y0, y1 = int(np.ceil(a[:, 1].min())), int(np.floor(a[:, 1].max()))
        z0, z1 = int(np.ceil(a[:, 2].min())), int(np.floor(a[:, 2].max()))
        if y1 < y0 or z1 < z0:
            continue
        m = np.array([[a[1, 1] - a[0, 1], a[2, 1] - a[0, 1]], [a[1, 2] - a[0, 2], a[2, 2] - a[0, 2]]])
        d = np.linalg.det(m)
        if abs(d) < 1e-12:
            continue
        inv = np.linalg.inv(m)
        for y in range(y0, y1 + 1):
            for z in range(z0, z1 + 1):
                s, u = inv @ np.array([y - a[0, 1], z - a[0, 2]])
                if s >= 0 and u >= 0 and s + u <= 1:
                    rows.setdefault((y, z), []).append(a[0, 0] + s * (a[1, 0] - a[0, 0]) + u * (a[2, 0] - a[0, 0]))
    mask = np.zeros(size, bool)
    for (y, z), xs in rows.items():
        if 0 <= y < size[1] and 0 <= z < size[2]:
            xs = sorted(xs)
            for a, b in zip(xs[::2], xs[1::2]):
                mask[max(0, int(np.ceil(a))):int(np.floor(b)) + 1, y, z] = True
    return mask


v, t = head()['skin']
LO = np.array([-110.0, -130.0, -100.0])
skin = voxelise(v, t, LO, (221, 241, 221))
skin = nd.binary_closing(skin, iterations=4) | skin
skin = nd.binary_fill_holes(skin)
depth = nd.gaussian_filter(nd.distance_transform_edt(skin).astype(np.float32), 1.5)
depth_at = lambda p: nd.map_coordinates(depth, (p - LO).T, order=1, mode='constant')

# Colin27: x right, y anterior, z superior (mm); the patient: x left, y posterior, z superior.
ch = nibabel.load(os.path.join(SRC, 'ch2better.nii.gz'))
img = np.asarray(ch.dataobj).astype(np.float32)
mni0 = ch.affine[:3, 3]
aal = np.asarray(nibabel.load(os.path.join(SRC, 'aal.nii.gz')).dataobj).astype(np.uint8)
AAL0 = np.array([-90.0, -125.0, -71.0])
A = np.array([-0.80, -0.90, 0.795])
B = np.array([0.0, -0.9 * 17 - 3.0, 0.795 * 37])
to_mni = lambda p: (p - B) / A
from_mni = lambda m: m * A + B

# Brain and its closed hull at 1 mm in the patient's affine frame, before the stretch.
g = np.stack(np.meshgrid(*[np.arange(n, dtype=np.float32) for n in skin.shape], indexing='ij'), -1).reshape(-1, 3) + LO
brain0 = nd.map_coordinates(img, ((to_mni(g) - mni0) * 2).T, order=1).reshape(skin.shape)
solid0 = brain0 > 45
hull0 = nd.binary_closing(np.pad(solid0, 12), nd.generate_binary_structure(3, 1), iterations=9)[12:-12, 12:-12, 12:-12]
hull0 = nd.binary_fill_holes(hull0)

# Radii of both along directions from the centre.
nt, npx = 90, 180
th = (np.arange(nt) + .5) / nt * np.pi
ph = (np.arange(npx) + .5) / npx * 2 * np.pi
T, P = np.meshgrid(th, ph, indexing='ij')
dirs = np.stack([np.sin(T) * np.cos(P), np.sin(T) * np.sin(P), np.cos(T)], -1)
rr = np.arange(5, 130, .5)
pts = CENTRE + dirs[:, :, None] * rr[None, None, :, None]
flat = pts.reshape(-1, 3)
hv = nd.map_coordinates(hull0.astype(np.float32), (flat - LO).T, order=1).reshape(nt, npx, -1)
dv = depth_at(flat).reshape(nt, npx, -1)
last = lambda m: rr[m.shape[-1] - 1 - np.argmax(m[..., ::-1], -1)]
r_hull, r_cav = last(hv > .5), last(dv > SKULL_AND_SCALP + CSF)
ratio = r_cav / r_hull
# The stretch is trusted over the vault and fades to none at the base, where skin says nothing about the skull.
elev = dirs[..., 2] + 0.28 * dirs[..., 1]
trust = np.clip((elev + .12) / .30, 0, 1)
trust = trust * trust * (3 - 2 * trust)
ratio = 1 + (ratio - 1) * trust
ratio = np.concatenate([ratio] * 3, 1)
ratio = nd.gaussian_filter(ratio, (4, 5), mode='nearest')[:, npx:2 * npx]
print('stretch', ratio.min().round(3), ratio.max().round(3), 'over the vault', ratio[:35].mean().round(3))


def stretch_at(p):
    d = p - CENTRE
    r = np.linalg.norm(d, axis=-1) + 1e-6
    i = np.arccos(np.clip(d[..., 2] / r, -1, 1)) / np.pi * nt - .5
    j = np.mod(np.arctan2(d[..., 1], d[..., 0]), 2 * np.pi) / (2 * np.pi) * npx - .5
    return nd.map_coordinates(np.concatenate([ratio[:, -1:], ratio, ratio[:, :1]], 1), [i, j + 1], order=1, mode='nearest')


def patient_to_mni(p):
    s = stretch_at(p)
    # Near the centre the stretch fades, so that the ventricles keep their shape.
    d = p - CENTRE
    r = np.linalg.norm(d, axis=-1)
    w = np.clip(r / 45.0, 0, 1)
    return to_mni(CENTRE + d / (1 + (s - 1) * w)[..., None])


lo = np.array([-64.0, -92.0, -28.0])
size = np.array([161, 219, 164])
x, y, z = [lo[a] + SPACING * np.arange(size[a]) for a in range(3)]
p = np.stack(np.meshgrid(x, y, z, indexing='ij'), -1).reshape(-1, 3)
m = patient_to_mni(p)
t1 = nd.map_coordinates(nd.gaussian_filter(img, .5), ((m - mni0) * 2).T, order=1).reshape(size)
lab = aal[tuple(np.clip(np.rint(m - AAL0).astype(int), 0, np.array(aal.shape) - 1).T)].reshape(size)
m = m.reshape(*size, 3)
del p
solid = t1 > 45
r = lambda mm: int(round(mm / SPACING))
ball = lambda n: (np.add.outer(np.add.outer(np.arange(-n, n + 1) ** 2, np.arange(-n, n + 1) ** 2), np.arange(-n, n + 1) ** 2) <= n * n + .5)
# The dura: a closed, smooth surface round the brain.
pad = 16
far = nd.distance_transform_edt(~np.pad(solid, pad)) * SPACING
hull = nd.distance_transform_edt(far < 9.0) * SPACING > 9.0 - CSF
# Round the stem the canal is wider than its fluid layer.
hull = nd.binary_fill_holes(hull)
hull = nd.gaussian_filter(hull.astype(np.float32), 1.6) > .5
sd = np.where(hull, nd.distance_transform_edt(hull) - .5, .5 - nd.distance_transform_edt(~hull)) * SPACING
sd = nd.gaussian_filter(sd, 1.0)[pad:-pad, pad:-pad, pad:-pad]
hull = sd > 0

region = np.zeros(size, np.uint8)
left = np.arange(size[0])[:, None, None] * SPACING + lo[0] > 0
region[hull] = 1
region[hull & ~left] = 2
near_label = nd.distance_transform_edt(lab == 0, return_indices=True)[1]
full = lab[tuple(near_label)]
dist_label = nd.distance_transform_edt(lab == 0)
cereb = (full >= 91) & (full <= 116)
mx, my, mz = m[..., 0], m[..., 1], m[..., 2]
# Brainstem: a tube of three parts (midbrain, pons, medulla) in Colin's millimetres, solid, not cerebellum, not thalamus.
stem = np.zeros(size, bool)
for (y0, z0, ax, ay), (y1, z1, bx, by) in zip(
        [(-20, -7, 14, 12), (-24, -18, 17, 12), (-25, -30, 20, 15), (-29, -44, 14, 14), (-38, -56, 10, 10)],
        [(-24, -18, 17, 12), (-25, -30, 20, 15), (-29, -44, 14, 14), (-38, -56, 10, 10), (-47, -72, 9, 9)]):
    f = (mz - z0) / (z1 - z0)
    ok = (f >= 0) & (f <= 1)
    yc, xa, ya = y0 + f * (y1 - y0), ax + f * (bx - ax), ay + f * (by - ay)
    stem |= ok & ((mx / np.maximum(xa, 1)) ** 2 + ((my - yc) / np.maximum(ya, 1)) ** 2 < 1)
region[hull & (full >= 77) & (full <= 78) & (dist_label < 2)] = 6
region[hull & (lab >= 71) & (lab <= 76)] = 6
region[hull & (lab == 37)] = 7
region[hull & (lab == 38)] = 8
region[hull & cereb & (mz < -4) & (my < -28)] = 3
strict = lab.copy()
stem &= solid & ~((strict >= 91) & (strict <= 116)) & ~((strict >= 37) & (strict <= 42)) & ~((strict >= 71) & (strict <= 78))
stem = nd.binary_opening(stem, ball(2))
l, n = nd.label(stem)
if n:
    stem = l == 1 + np.argmax(nd.sum(stem, l, range(1, n + 1)))
stem = nd.gaussian_filter(stem.astype(np.float32), 1.0) > .5
region[stem & hull] = 4
# Ventricles: fluid well inside the brain, grown from the bodies of both sides and the fourth.
fluid = (t1 < 52) & hull & (sd > 9)
core = nd.binary_opening(fluid, ball(1)) & (np.abs(mx) < 42) & (my > -85) & (my < 45) & (mz > -30) & (mz < 34)
l, n = nd.label(core)
seeds = np.zeros(size, bool)
for s in ((-8, 10, 12), (8, 10, 12), (-16, -25, 20), (16, -25, 20), (-10, -10, 22), (10, -10, 22), (-26, -45, 8), (26, -45, 8)):
    seeds |= (mx - s[0]) ** 2 + (my - s[1]) ** 2 + (mz - s[2]) ** 2 < 36
ids = np.unique(l[seeds & core])
vent = np.isin(l, ids[ids > 0])
vent = nd.binary_dilation(vent, ball(2)) & fluid
# Not the cisterns below and behind the splenium, nor the fissures.
vent &= ~((np.abs(mx) < 12) & (mz < 8) & (my < -32)) & ~((np.abs(mx) < 4) & (mz < -2)) & ~((mz < -12) & (np.abs(mx) < 18))
l, n = nd.label(vent)
sizes = nd.sum(vent, l, range(1, n + 1))
vent = np.isin(l, 1 + np.flatnonzero(sizes > 300))
region[vent] = 5
cc = SPACING ** 3 / 1000
names = ['outside', 'left', 'right', 'cerebellum', 'brainstem', 'ventricles', 'deep grey', 'hippocampus l', 'hippocampus r']
print('cm3:', {k: round(float((region == i).sum() * cc), 1) for i, k in enumerate(names) if i}, 'dura', round(hull.sum() * cc, 1), 'tissue', round((solid & hull).sum() * cc, 1))
# 31 steps from the edge of the fluid (45) to the brightest white matter (124).
tissue = np.clip(np.rint((t1 - 45) / (122 - 45) * 30 + 1), 0, 31).astype(np.uint8)
tissue[~hull] = 0
dist = np.clip(np.rint(sd / .25 + 100), 0, 255).astype(np.uint8)
order = lambda a: np.ascontiguousarray(a.transpose(2, 1, 0)).tobytes()
blob = b'VBRAIN1\0' + struct.pack('<3I4f', *[int(s) for s in size], SPACING, *lo) + order(tissue) + order(region) + order(dist)
out = os.path.join(OUT, 'brain.bin.zst')
open(out, 'wb').write(zstandard.ZstdCompressor(level=22).compress(blob))
print(os.path.getsize(out), 'bytes')
if len(sys.argv) > 3:
    # A contact sheet for the eye: regions tinted, dura cyan, skin orange.
    from PIL import Image
    dep = depth_at(np.stack(np.meshgrid(x, y, z, indexing='ij'), -1).reshape(-1, 3)).reshape(size)
    tint = {3: (.6, 1, .6), 4: (1, .5, .5), 5: (.3, .3, 1), 6: (1, 1, .4), 7: (1, .4, 1), 8: (1, .4, 1)}

    def tile(sl):
        a = np.stack([np.where(region[sl] == 5, 255, tissue[sl] * 8.0)] * 3, -1)
        for n, c in tint.items():
            a[region[sl] == n] *= c
        a[(dep[sl] > 0) & (dep[sl] < 1.2)] = (255, 120, 0)
        a[hull[sl] ^ nd.binary_erosion(hull[sl])] = (0, 255, 255)
        return a.transpose(1, 0, 2)

    every = slice(None)
    tiles = [tile((every, every, k)) for k in (30, 60, 90, 120)]
    tiles += [tile((every, k))[::-1] for k in (60, 110, 150)] + [tile((k,))[::-1] for k in (60, 80, 100)]
    high, wide = max(a.shape[0] for a in tiles), max(a.shape[1] for a in tiles)
    tiles = [np.pad(a, ((0, high - a.shape[0]), (0, wide - a.shape[1]), (0, 0))) for a in tiles]
    sheet = np.vstack([np.hstack(tiles[:5]), np.hstack(tiles[5:])])
    Image.fromarray(sheet.clip(0, 255).astype('u1')).save(sys.argv[3])
