"""Hair as a modelled cap: meridians from a pole to the hairline, combed into locks, its edge dissolved by a strand picture."""
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from mesh import Mesh, noise
from mould import INDEX, region


def cap(body, skin, style):
    """`skin`: the posed whole skin (places, faces, rest). `style`: pole (direction), thick (m), lock (m), columns, rows, colour."""
    # the ear's own target reaches far up the scalp: the ear ends where the eyes' height does
    ears = region(['ears/l-ear-scale-incr', 'ears/r-ear-scale-incr'], 1.0) * (body.rest[:, 2] < body.eye_rest[2] + .014)
    scalp = [f for f in skin.faces if body.head[f].min() > .02 and ears[f].max() < .45]
    tree = BVHTree.FromPolygons(body.v.tolist(), scalp)
    grows = body.hairline(body.rest)
    eye = (body.eyes_at['l'] + body.eyes_at['r']) / 2
    centre = eye + [0, .085, .030]
    pole = np.array(style['pole'], float)
    pole /= np.linalg.norm(pole)
    x = np.cross(pole, [1, 0, 0])
    x /= np.linalg.norm(x)
    y = np.cross(pole, x)
    n, rows = style.get('columns', 72), style.get('rows', 15)

    def at(a, th):
        d = np.cos(th) * pole + np.sin(th) * (np.cos(a) * x + np.sin(a) * y)
        hit, nn, k, dist = tree.ray_cast(Vector(centre + d * .4), Vector(-d), .4)
        if hit is None:
            return None
        # behind an ear there is no scalp to hit: the radius is filled in from its neighbours
        f = scalp[k]
        w = 1 / (np.linalg.norm(body.v[f] - np.array(hit), axis=1) + 1e-5)
        return np.array(hit), d, float((grows[f] * w).sum() / w.sum())

    ends = np.zeros(n)
    for k in range(n):
        a, last = 2 * np.pi * k / n, .3
        for th in np.arange(.05, 2.7, .02):
            q = at(a, th)
            if q is not None and q[2] > 0:
                last = th
        ends[k] = last
    for _ in range(style.get('even', 2)):
        # the edge runs evenly from column to column
        ends = np.minimum(ends + .03, .25 * np.roll(ends, 1) + .5 * ends + .25 * np.roll(ends, -1))
    hang = style.get('hang')
    falls = [fall(body, at, centre, pole, x, y, 2 * np.pi * k / n, ends[k], hang) if hang else None for k in range(n)]
    part = style.get('part')
    p, col, uv, faces = [], [], [], []
    skinp = []
    for j in range(rows + 1):
        t = j / rows
        for k in range(n + 1):
            a = 2 * np.pi * (k % n) / n
            swirl = style.get('swirl', 0) * t * (1 - t)
            th = max(.015, ends[k % n] * t ** .9)
            q = at(a + swirl, th)
            down = falls[k % n] and falls[k % n](t)
            if down:
                q = down
            elif falls[k % n]:
                q = at(a, falls[k % n].th(t))
            if q is None:
                d = np.cos(th) * pole + np.sin(th) * (np.cos(a + swirl) * x + np.sin(a + swirl) * y)
                near = [o for o in (at(a + swirl, th + s * .03 * i) for i in range(1, 14) for s in (-1, 1)) if o is not None][:4]
                q = (centre + d * (np.mean([np.linalg.norm(o[0] - centre) for o in near]) if near else .09), d, 0)
            hit, d, _ = q
            # thick above, thin where it grows out of the skin
            rise = np.clip((1 - t) / style.get('edge', .30), 0, 1) ** .55
            if down:
                rise = max(rise, .75)
            lock = noise(np.array([[np.cos(a) * style.get('locks', 7), np.sin(a) * style.get('locks', 7), t * 1.6]]), 3)[0]
            fine = noise(np.array([[np.cos(a) * 24, np.sin(a) * 24, t * 2.2]]), 5)[0]
            h = style['thick'] * rise * (1 + style.get('volume', 0) * np.clip(d[2], 0, 1)) + style['lock'] * rise * (lock + .55 * fine)
            shade = 1 + .34 * lock + .26 * fine
            if part is not None:
                # a parting: the hair dips to the scalp along a line from the crown forwards
                off = abs(hit[0] - eye[0] - part)
                dip = np.exp(-(off / .006) ** 2) * np.clip((hit[2] - eye[2] - .05) / .03, 0, 1) * np.clip((eye[1] + .095 - hit[1]) / .03, 0, 1)
                h *= 1 - .8 * dip
                shade *= 1 - .25 * dip
            root = .62 + .38 * np.clip(h / max(style['thick'], 1e-4), 0, 1)
            p.append(hit + d * max(h, .0008))
            skinp.append(hit)
            col.append(np.array(style['colour']) * max(.25, shade) * root)
            # hair that hangs thins out at its very tips alone
            hung = falls[k % n]
            v = np.interp(t, [0, .9, 1], [0, .80, .95 if hung.much > .97 else .80]) if hung and hung.long else t
            # the picture repeats: its last row must not meet its first
            uv.append([k / n * style.get('repeat', 6) + style.get('slant', 0) * t, .004 + .985 * v])
    for j in range(rows):
        for k in range(n):
            a = j * (n + 1) + k
            faces.append([a, a + n + 1, a + n + 2, a + 1])
    w = np.zeros((len(p), len(INDEX)))
    w[:, INDEX['head']] = 1
    m = Mesh(p, faces, w=w, col=np.clip(col, .002, 1), uv=np.array(uv))
    c = m.p.mean(0)
    # faces outwards
    f = np.array(m.triangles())
    s = (np.cross(m.p[f[:, 1]] - m.p[f[:, 0]], m.p[f[:, 2]] - m.p[f[:, 0]]) * (m.p[f[:, 0]] - c)).sum()
    if s < 0:
        m.faces = [q[::-1] for q in m.faces]
    return m


class fall:
    """A column of hair that leaves the scalp over the ear and hangs to the jaw."""

    def __init__(self, body, at, centre, pole, x, y, a, end, style):
        self.at, self.a, self.end = at, a, end
        th = end
        d = lambda th: np.cos(th) * pole + np.sin(th) * (np.cos(a) * x + np.sin(a) * y)
        flat = d(end)[:2]
        az = np.arctan2(abs(flat[0]), -flat[1])
        u = np.clip((az - style['from']) / (style['full'] - style['from']), 0, 1)
        self.much = u * u * (3 - 2 * u)
        eye = (body.eyes_at['l'] + body.eyes_at['r']) / 2
        if self.much < .02:
            self.long = 0.0
            return
        # it leaves the head where the head is widest
        while th > .6 and (q := at(a, th)) is None:
            th -= .02
        while th > .6 and (q := at(a, th)) is not None and q[0][2] < eye[2] + .030:
            th -= .02
        self.end = th
        start = at(a, th)
        self.from_ = start[0] if start else centre + d(th) * .09
        self.dir = np.array([d(th)[0], d(th)[1], 0])
        self.dir /= np.linalg.norm(self.dir)
        tip = eye[2] + style['tip'] - style.get('back', 0) * np.clip((az - 1.9) / .8, 0, 1)
        self.long = max(0.0, (self.from_[2] - tip)) * self.much
        self.top = .125 * th
        tree = body.whole_tree
        self.radius, r = [], np.linalg.norm((self.from_ - centre)[:2])
        for k in range(25):
            z = self.from_[2] - self.long * k / 24
            o = Vector((centre[0], centre[1], z)) + Vector(self.dir) * .3
            hit = tree.ray_cast(o, Vector(-self.dir), .3)
            near = .3 - hit[3] if hit[0] is not None else 0
            r = max(near + style['off'], r - .10 * self.long / 24) if k else max(r, 0)
            self.radius.append(r)
        q = np.array(self.radius)
        for _ in range(4):
            q[1:-1] = np.maximum(q[1:-1], .25 * q[:-2] + .5 * q[1:-1] + .25 * q[2:])
        self.radius, self.centre = q, centre

    def th(self, t):
        return max(.015, self.end * min(1, t * (self.top + self.long) / max(self.top, 1e-6)) ** .9) if self.long else max(.015, self.end * t ** .9)

    def __call__(self, t):
        if not self.long:
            return None
        s = t * (self.top + self.long) - self.top
        if s <= 0:
            return None
        u = s / self.long
        r = np.interp(u, np.linspace(0, 1, 25), self.radius) + .006 * np.sin(np.pi * min(1, u)) - .010 * max(0, u - .8) / .2
        p = np.array([self.centre[0], self.centre[1], 0]) + self.dir * r + [0, 0, self.from_[2] - s]
        return p, self.dir, 0.0


def bun(body, at, radius, style):
    """A coiled knot of hair at `at` (offset from between the eyes)."""
    eye = (body.eyes_at['l'] + body.eyes_at['r']) / 2
    c = eye + np.array(at)
    n, rows = 22, 12
    p, col, uv, faces = [], [], [], []
    axis = np.array([0, .9, .1])
    for j in range(rows + 1):
        th = np.pi * (.02 + .96 * j / rows)
        for k in range(n + 1):
            a = 2 * np.pi * k / n
            coil = np.sin(3 * (a + 2.2 * th))
            r = radius * (1 + .07 * coil)
            d = np.array([np.sin(th) * np.cos(a) * 1.08, np.cos(th) * .62, np.sin(th) * np.sin(a)])
            p.append(c + r * d)
            col.append(np.array(style['colour']) * (.88 + .30 * coil + .12 * np.sin(a * 11 + th * 5)))
            uv.append([(a + 2.2 * th) / np.pi, .35 + .2 * j / rows])
    for j in range(rows):
        for k in range(n):
            a = j * (n + 1) + k
            faces.append([a, a + 1, a + n + 2, a + n + 1])
    w = np.zeros((len(p), len(INDEX)))
    w[:, INDEX['head']] = 1
    m = Mesh(p, faces, w=w, col=np.clip(col, .002, 1), uv=np.array(uv))
    nrm = m.normals()
    if ((m.p - c) * nrm).sum() < 0:
        m.faces = [q[::-1] for q in m.faces]
    return m


def strands(path, alpha_from=.80, size=(256, 256)):
    """The strand picture: rows run from the root (v 0) to the hair's edge (v 1), where it thins out strand by strand."""
    from PIL import Image
    w, h = size
    rng = np.random.default_rng(7)
    x = np.arange(w)
    u = x / w
    base = np.zeros((h, w))
    v = (np.arange(h) / (h - 1))[:, None]
    for f, amp in ((9, .16), (23, .15), (51, .14), (90, .10)):
        for _ in range(3):
            ph, fr, wob = rng.random() * 6.28, f + rng.integers(-3, 4), rng.integers(1, 3)
            base += amp * np.sin(2 * np.pi * fr * u[None, :] + ph + .9 * np.sin(2 * np.pi * wob * v * .5 + ph) * (9 / f + .12))
    shade = np.clip(.80 + .20 * base, .38, 1)
    reach = alpha_from + (1 - alpha_from) * (.5 + .5 * np.clip(base * 1.1 + .5 * np.sin(2 * np.pi * 61 * u + 1)[None, :], -1, 1))
    alpha = np.clip((reach - v) / .03 + .5, 0, 1)
    alpha[v[:, 0] < alpha_from] = 1
    img = np.dstack([np.repeat(shade[..., None], 3, 2), alpha])
    Image.fromarray((img * 255 + .5).astype(np.uint8), 'RGBA').save(path, optimize=True)
