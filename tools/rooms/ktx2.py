"""KTX2 files as Bevy 0.19 reads them: E5B9G9R9 (all HDR light here) and zstd level data. numpy arrays are linear RGB floats."""

import struct
import numpy as np
import zstandard

E5B9G9R9, RGBA16F, R8 = 123, 97, 9
WHITE = np.array((0.965, 1.0, 1.07))  # white balance of everything baked: the lamps stay warm, the paint does not turn cream
MAGIC = bytes([0xAB, 0x4B, 0x54, 0x58, 0x20, 0x32, 0x30, 0xBB, 0x0D, 0x0A, 0x1A, 0x0A])


def rgb9e5(a, bits=9):
    """bits < 9 rounds the mantissas: 7 still steps finer than 8-bit sRGB, and packs far smaller."""
    a = np.clip(np.nan_to_num(a.astype(np.float64)), 0, 65408.0)
    m = a.max(-1)
    e = np.maximum(-16, np.floor(np.log2(np.maximum(m, 1e-30)))) + 16
    d = np.exp2(e - 24)
    up = np.floor(m / d + 0.5) >= 512
    e = e + up
    d = np.where(up, d * 2, d)
    k = 1 << (9 - bits)
    q = np.minimum(np.floor(a / d[..., None] / k + 0.5) * k, 511 // k * k).astype(np.uint32)
    return (q[..., 0] | q[..., 1] << 9 | q[..., 2] << 18 | e.astype(np.uint32) << 27).astype("<u4").tobytes()


def rgba16f(a):
    return np.concatenate([a, np.ones((*a.shape[:-1], 1))], -1).astype("<f2").tobytes()


def dfd(fmt):
    def s(off, ln, ch, lo, hi):
        return struct.pack("<HBB4BII", off, ln - 1, ch, 0, 0, 0, 0, lo, hi)

    if fmt == E5B9G9R9:
        sm = b"".join(s(9 * c, 9, c, 0, 8448) + s(27, 5, c | 0x20, 15, 31) for c in range(3))
        size = 4
    elif fmt == R8:
        sm = s(0, 8, 0, 0, 255)
        size = 1
    else:
        sm = b"".join(s(16 * c, 16, (0, 1, 2, 15)[c] | 0xC0, 0xBF800000, 0x3F800000) for c in range(4))
        size = 8
    b = struct.pack("<IHH4B4B8B", 0, 2, 24 + len(sm), 1, 1, 1, 0, 0, 0, 0, 0, size, 0, 0, 0, 0, 0, 0, 0) + sm
    return struct.pack("<I", len(b) + 4) + b


def write(path, levels, w, h, d=0, faces=1, fmt=E5B9G9R9):
    """levels: raw bytes, largest first."""
    desc = dfd(fmt)
    z = [zstandard.ZstdCompressor(level=19).compress(l) for l in levels]
    n = len(levels)
    off = 80 + 24 * n
    pos = off + len(desc)
    idx = [None] * n
    body = b""
    for i in reversed(range(n)):
        idx[i] = (pos + len(body), len(z[i]), len(levels[i]))
        body += z[i]
    with open(path, "wb") as f:
        f.write(
            MAGIC
            + struct.pack("<9I", fmt, {E5B9G9R9: 4, RGBA16F: 2, R8: 1}[fmt], w, h, d, 0, faces, n, 2)
            + struct.pack("<4I2Q", off, len(desc), 0, 0, 0, 0)
            + b"".join(struct.pack("<3Q", *t) for t in idx)
            + desc
            + body
        )


def lightmap(a, path):
    """Blender's rows run upwards, glTF's v runs downwards: flip. No mip levels."""
    write(path, [rgb9e5(a[::-1] * WHITE, 7)], a.shape[1], a.shape[0])


def occlusion(a, path):
    write(path, [(np.clip(a[::-1], 0, 1) * 255 + 0.5).astype(np.uint8).tobytes()], a.shape[1], a.shape[0], fmt=R8)


def volume(a, path):
    """a[z, y, x]: (3 Rz, 2 Ry, Rx)."""
    write(path, [rgb9e5(a * WHITE)], a.shape[2], a.shape[1], a.shape[0])


FACES = (
    lambda u, v, o: (o, -v, -u),
    lambda u, v, o: (-o, -v, u),
    lambda u, v, o: (u, o, v),
    lambda u, v, o: (u, -o, -v),
    lambda u, v, o: (u, -v, o),
    lambda u, v, o: (-u, -v, -o),
)


def face_dirs(n):
    """World directions of every texel: Bevy negates z before it samples a cube map."""
    c = (np.arange(n) + 0.5) / n * 2 - 1
    u, v = np.meshgrid(c, c)
    o = np.ones_like(u)
    out = []
    for f in FACES:
        x, y, z = f(u, v, o)
        d = np.stack([x, y, -z], -1)
        out.append(d / np.linalg.norm(d, axis=-1, keepdims=True))
    return np.stack(out)


def chain(p):
    out = [p]
    while out[-1].shape[0] > 8:
        q = out[-1]
        out.append((q[::2, ::2] + q[1::2, ::2] + q[::2, 1::2] + q[1::2, 1::2]) / 4)
    return out


def sample(p, d):
    """Bilinear look-up in a panorama (top row first, centre = -Z of the room)."""
    h, w = p.shape[:2]
    x = (0.5 + np.arctan2(d[..., 0], -d[..., 2]) / (2 * np.pi)) * w - 0.5
    y = np.clip((0.5 - np.arcsin(np.clip(d[..., 1], -1, 1)) / np.pi) * h - 0.5, 0, h - 1.001)
    x0 = np.floor(x).astype(int)
    y0 = np.floor(y).astype(int)
    fx = (x - x0)[..., None]
    fy = (y - y0)[..., None]
    y1 = np.minimum(y0 + 1, h - 1)
    return (p[y0, x0 % w] * (1 - fx) + p[y0, (x0 + 1) % w] * fx) * (1 - fy) + (p[y1, x0 % w] * (1 - fx) + p[y1, (x0 + 1) % w] * fx) * fy


def probe(p, spec, diff, n=256, levels=7, count=96):
    """GGX-prefiltered specular cube (perceptual roughness = level / (levels - 1), N = V = R) and a cosine-filtered diffuse cube, both divided so that a white room of radiance 1 gives 1."""
    p = p * WHITE
    ch = chain(np.minimum(p, 40.0))
    data = []
    for l in range(levels):
        m = max(1, n >> l)
        N = face_dirs(m)
        if l == 0:
            data.append(rgb9e5(sample(ch[0], N)))
            continue
        r = l / (levels - 1)
        al = r * r
        up = np.where(np.abs(N[..., 1:2]) < 0.99, np.array([0, 1.0, 0]), np.array([1.0, 0, 0]))
        T = np.cross(up, N)
        T /= np.linalg.norm(T, axis=-1, keepdims=True)
        B = np.cross(N, T)
        acc = np.zeros(N.shape)
        wt = np.zeros(N.shape[:-1])
        for i in range(count):
            u1 = (i + 0.5) / count
            u2 = int("{:010b}".format(i)[::-1], 2) / 1024
            ph = 2 * np.pi * u2
            ct = np.sqrt((1 - u1) / (1 + (al * al - 1) * u1))
            st = np.sqrt(1 - ct * ct)
            Hh = T * (st * np.cos(ph)) + B * (st * np.sin(ph)) + N * ct
            L = 2 * ct * Hh - N
            nl = np.clip((L * N).sum(-1), 0, 1)
            D = al * al / (np.pi * ((ct * ct) * (al * al - 1) + 1) ** 2)
            om = 1 / (count * D / 4 + 1e-9)
            tex = 4 * np.pi / (p.shape[0] * p.shape[1]) * 1.27
            lv = int(np.clip(0.5 * np.log2(max(om / tex, 1e-9)) + 1, 0, len(ch) - 1))
            acc += sample(ch[lv], L) * nl[..., None]
            wt += nl
        data.append(rgb9e5(acc / wt[..., None]))
    write(spec, data, n, n, faces=6)
    q = next(c for c in ch if c.shape[0] <= 32)
    h, w = q.shape[:2]
    y = (np.arange(h) + 0.5) / h
    lat = (0.5 - y) * np.pi
    lon = ((np.arange(w) + 0.5) / w - 0.5) * 2 * np.pi
    la, lo = np.meshgrid(lat, lon, indexing="ij")
    d = np.stack([np.cos(la) * np.sin(lo), np.sin(la), -np.cos(la) * np.cos(lo)], -1).reshape(-1, 3)
    om = (np.cos(la) * (np.pi / h) * (2 * np.pi / w)).reshape(-1)
    N = face_dirs(16).reshape(-1, 3)
    k = np.clip(N @ d.T, 0, None) * om
    e = (k @ q.reshape(-1, 3)) / k.sum(1, keepdims=True)
    write(diff, [rgb9e5(e.reshape(6, 16, 16, 3))], 16, 16, faces=6)
