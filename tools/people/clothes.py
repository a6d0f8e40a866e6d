"""Clothes from the mould's helper meshes: offset, cut by fields for clean hems, posed with the body, folded, hemmed."""
import numpy as np
from mathutils import Vector

from mesh import Mesh, fold, noise


def raw(body, keep, subdivide=True):
    m = body.mesh('helper-tights', keep)
    return m.subdivide() if subdivide else m


def puff(m, off, smooth, skin_tree, least):
    """Stands off the body by `off`, evened, nowhere nearer to the skin than `least`."""
    m.p = m.p + m.normals() * np.asarray(off)[:, None]
    hold = np.zeros(len(m.p))
    hold[m.border()] = .6
    m.p = m.smooth(smooth, .5, hold)
    clear(m, skin_tree, least)
    return m


def clear(m, tree, least, rounds=2):
    """Pushes vertices out of another surface until they stand `least` above it."""
    least = np.broadcast_to(np.asarray(least, float), len(m.p))
    for _ in range(rounds):
        for i, p in enumerate(m.p):
            hit, n, _, _ = tree.find_nearest(Vector(p), .06)
            if hit is not None:
                d = (Vector(p) - hit).dot(n)
                if d < least[i]:
                    m.p[i] = np.array(hit + n * least[i])
    return m


def hem(m, depth=.012, thick=.0022):
    """Turns every open edge inwards, so that cloth has a thickness where one sees into it."""
    n = m.normals()
    e = {}
    for f in m.faces:
        for i, j in zip(f, f[1:] + f[:1]):
            e[i, j] = 1
    open_ = [(i, j) for (i, j) in e if (j, i) not in e]
    inward = {}
    rows = m.rows()
    for i, j in open_:
        for k in (i, j):
            inward.setdefault(k, []).append((i, j))
    rim = {k: len(rows) + q for q, k in enumerate(inward)}
    new = rows[list(inward)].copy()
    for q, (k, es) in enumerate(inward.items()):
        d = sum(m.p[b] - m.p[a] for a, b in es)
        into = np.cross(n[k], d)
        into /= max(np.linalg.norm(into), 1e-9)
        new[q, :3] = m.p[k] - n[k] * thick * 2 + into * depth
    faces = m.faces + [[j, i, rim[i], rim[j]] for i, j in open_]
    return m.from_rows(np.concatenate([rows, new]), faces)


def crease(m, height, amount_along_normal=1):
    m.p = m.p + m.normals() * np.asarray(height)[:, None] * amount_along_normal
    return m


def paint(m, colour, height=None, seed=1):
    """Cloth colour: darker in the valleys of its folds, a little uneven."""
    c = np.tile(np.asarray(colour, float), (len(m.p), 1))
    c *= (1 + .035 * noise(m.p * 60, seed) + .03 * noise(m.p * 14, seed + 1))[:, None]
    if height is not None:
        c *= (1 + np.clip(height / .008, -1, 1) * .20)[:, None]
    return c


def wrinkles(path, size=512, tile_m=.45, seed=4):
    """A tiling picture of normals: soft creases of worn cotton over a fine twill."""
    from PIL import Image
    rng = np.random.default_rng(seed)
    f = np.fft.fftfreq(size, 1 / size)
    fx, fy = np.meshgrid(f, f)

    def layer(along, across, tilt):
        u, v = fx * np.cos(tilt) + fy * np.sin(tilt), -fx * np.sin(tilt) + fy * np.cos(tilt)
        k = np.exp(-((u / along) ** 2 + (v / across) ** 2)) * (np.hypot(fx, fy) > 1)
        h = np.real(np.fft.ifft2(k * np.fft.fft2(rng.standard_normal((size, size)))))
        return h / h.std()

    h = np.zeros((size, size))
    for along, across, tilt, amount in ((4, 11, .5, .0011), (11, 4, .35, .0010), (7, 18, -.5, .00045), (22, 10, -.2, .00022)):
        h += amount * (1 - np.abs(layer(along, across, tilt))) * .8
    y, x = np.mgrid[0:size, 0:size]
    h += .00006 * np.sin(2 * np.pi * (x + y) * 48 / size) + .00003 * rng.standard_normal((size, size))
    h = np.real(np.fft.ifft2(np.fft.fft2(h) * np.exp(-(np.hypot(fx, fy) / 90) ** 2)))
    m = tile_m / size
    gx, gy = (np.roll(h, -1, 1) - np.roll(h, 1, 1)) / (2 * m), (np.roll(h, -1, 0) - np.roll(h, 1, 0)) / (2 * m)
    n = np.dstack([-gx, gy, np.ones_like(h)])
    n /= np.linalg.norm(n, axis=2, keepdims=True)
    Image.fromarray(((n * .5 + .5) * 255 + .5).astype(np.uint8), 'RGB').save(path, quality=90)


def lay_out(rest, tile_m=.45):
    """Where the cotton's picture lies: seen obliquely from the front, so that there is no seam anywhere."""
    return np.stack([(rest[:, 0] + .75 * rest[:, 1]) / tile_m, -rest[:, 2] / tile_m], 1)


def scrubs(body, skin_tree):
    """Tunic with a V-neck, short sleeves and a pocket, straight trousers, clogs."""
    look = body.look
    hip, neck, knee, ankle = body.hip_z, body.neck, body.knee_z, body.ankle_z
    wide = look.get('sleeve', .72)
    # trousers
    m = raw(body, lambda i: body.arm[i] < .02 and body.hand[i] < .02 and ankle - .06 < body.rest[i, 2] < hip + .16)
    z = m.a['rest'][:, 2]
    leg = np.clip((hip - z) / (hip - ankle), 0, 1)
    m = puff(m, .007 + .020 * leg ** .7, 10, skin_tree, .006)
    z = m.a['rest'][:, 2]
    m = m.clip(z - (ankle - .012)).clip(hip + .115 - m_z(m.clip(z - (ankle - .012))))
    z, r = m.a['rest'][:, 2], m.a['rest']
    low = np.exp(-((z - ankle - .05) / .10) ** 2)
    kneeing = np.exp(-((z - knee) / .09) ** 2)
    crotch = np.exp(-((z - hip + .03) / .08) ** 2)
    q = np.stack([r[:, 0] * 9, r[:, 1] * 9, z * 24], 1)
    long = np.stack([r[:, 0] * 26, r[:, 1] * 26, z * 3.2], 1)
    h = (.016 * low + .011 * kneeing + .010 * crotch) * (fold(q, 3) - .45) + .0075 * (fold(long, 4) - .5) * np.clip(leg_of(z, hip, ankle) * 2, 0, 1)
    crease(m, h)
    clear(m, skin_tree, .004, 1)
    m.a['col'] = paint(m, look['trousers'], h, 3)
    trousers = m
    # tunic
    m = raw(body, lambda i: body.rest[i, 2] > hip - .22 and body.arm[i] < wide + .5 and body.head[i] < .6 and body.hand[i] < .4 and body.foot[i] < .1)
    z = m.a['rest'][:, 2]
    sleeve = np.clip((m.a['arm'] - .1) / .35, 0, 1)
    skirt = np.clip((hip + .24 - z) / .30, 0, 1)
    m = puff(m, .011 + .013 * sleeve + .020 * skirt, 16, skin_tree, .008)
    hemline = hip - look.get('length', .075)
    m = m.clip(m.a['rest'][:, 2] - hemline + 9 * (m.a['arm'] > .05))
    m = m.clip(wide - m.a['arm'])
    r = m.a['rest']
    # the neck: a V in front, a low stand behind
    front = r[:, 1] < neck[1] + .008
    v = np.abs(r[:, 0]) - .074 * np.clip((r[:, 2] - (neck[2] - .125)) / .125, -1, 1.25)
    v = np.where(r[:, 2] < neck[2] - .16, .05, v)
    back = neck[2] + .006 - r[:, 2] + .25 * np.maximum(0, np.abs(r[:, 0]) - .07)
    m.a['v'] = np.where(front, v, np.where(np.abs(r[:, 0]) < .10, np.maximum(back, v * .2), .05))
    m = m.clip(m.a['v'])
    r, z = m.a['rest'], m.a['rest'][:, 2]
    skirt = np.clip((neck[2] - .25 - z) / .35, 0, 1)
    az = np.arctan2(r[:, 0], -(r[:, 1] - .0))
    drape = np.stack([np.cos(az) * 3.1, np.sin(az) * 3.1, z * 2.6 + .35 * np.sin(3 * az)], 1)
    arm = np.clip(m.a['arm'], 0, 1)
    slv = np.stack([r[:, 0] * 16, r[:, 1] * 10, z * 20], 1)
    pit = np.exp(-(((np.abs(r[:, 0]) - body.joint('l-shoulder')[0]) / .07) ** 2)) * np.exp(-((z - body.joint('l-shoulder')[2] + .10) / .10) ** 2)
    diag = np.stack([r[:, 0] * 14 + z * 14, r[:, 1] * 8, z * 12 - r[:, 0] * 12], 1)
    h = (.022 * skirt * (fold(drape, 5) - .45) * (m.a['arm'] < .1) + .009 * (arm > .12) * (fold(slv, 6) - .5)
         + .016 * pit * (fold(diag, 7) - .5) + .004 * noise(r * 13, 9))
    crease(m, h)
    clear(m, trousers.bvh(), .005, 1)
    clear(m, skin_tree, .005, 1)
    m.a['col'] = paint(m, look['tunic'], h, 5)
    band = np.clip(1 - (m.a['v'] - .004) / .010, 0, 1) * (m.a['v'] < .03)
    cuff = np.clip((m.a['arm'] - wide + .10) / .012, 0, 1) * (m.a['arm'] > 0)
    m.a['col'] *= (1 - .28 * np.clip(band + 0 * cuff, 0, 1))[:, None]
    del m.a['v']
    tunic = m
    # trousers end under the tunic
    trousers = trousers.clip(hemline + .075 - trousers.a['rest'][:, 2])
    shoes = raw(body, lambda i: body.rest[i, 2] < ankle + .045 and body.foot[i] > .2)
    shoes = puff(shoes, np.full(len(shoes.p), .005), 8, skin_tree, .004)
    shoes = shoes.clip(ankle + .012 - shoes.a['rest'][:, 2])
    sole = np.clip((.022 - shoes.p[:, 2]) / .004, 0, 1)[:, None]
    shoes.p[:, 2] = np.maximum(shoes.p[:, 2], 0.0)
    shoes.a['col'] = np.array(look['shoes']) * (1 - sole) + np.array([.55, .54, .52]) * sole
    return {'tunic': (hem(tunic), look.get('tunic_triangles', 2500)), 'trousers': (hem(trousers), 1400), 'shoes': (hem(shoes, .006), 440)}


def m_z(m):
    return m.a['rest'][:, 2]


def leg_of(z, hip, ankle):
    return np.clip((hip - z) / (hip - ankle), 0, 1)


def badge(body, tunic_tree, colour):
    """Name badge on the left breast and a pen in the pocket: little boxes that lie on the cloth."""
    neck = body.neck
    out = None
    for dx, dz, w, h, col in ((.085, -.165, .052, .030, (.72, .72, .70)), (.085, -.1585, .052, .008, colour), (-.092, -.175, .006, .045, (.06, .10, .22))):
        hit, n, _, _ = tunic_tree.ray_cast(Vector((dx, neck[1] - .5, neck[2] + dz)), Vector((0, 1, 0)))
        if hit is None:
            continue
        n = n if n.y < 0 else -n
        side = Vector((0, 0, 1)).cross(n).normalized()
        up = n.cross(side)
        lift = .0045 + (.0016 if h < .01 else 0)
        c = [hit + n * (lift + (.004 if w < .01 else 0)) + side * (sx * w / 2) + up * (sz * h / 2) for sx, sz in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        b = [q - n * .004 for q in c]
        p = np.array([q[:] for q in c + b])
        m = Mesh(p, [[0, 1, 2, 3], [1, 0, 4, 5], [2, 1, 5, 6], [3, 2, 6, 7], [0, 3, 7, 4]], col=np.tile(np.array(col, float), (8, 1)))
        out = out.join(m) if out else m
    return out
