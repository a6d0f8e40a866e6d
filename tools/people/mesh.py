"""Meshes as plain arrays, every vertex with named rows (rest place, weights, colour ...) that follow all cutting and thinning."""
import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree


class Mesh:
    """`p` places (n x 3), `faces` lists of indices, `a` name -> rows (n x k)."""

    def __init__(self, p, faces, **a):
        self.p, self.faces, self.a = np.asarray(p, float), [list(f) for f in faces], {k: np.asarray(v, float) for k, v in a.items()}

    @staticmethod
    def part(p, faces, **a):
        """Only the vertices that `faces` use."""
        used = sorted({i for f in faces for i in f})
        new = {o: k for k, o in enumerate(used)}
        return Mesh(p[used], [[new[i] for i in f] for f in faces], **{k: np.asarray(v)[used] for k, v in a.items()})

    def keep(self, faces):
        return Mesh.part(self.p, faces, **self.a)

    def rows(self):
        return np.concatenate([self.p] + [v.reshape(len(self.p), -1) for v in self.a.values()], 1)

    def from_rows(self, rows, faces):
        out, k = Mesh(rows[:, :3], faces), 3
        for n, v in self.a.items():
            w = v.reshape(len(self.p), -1).shape[1]
            out.a[n] = rows[:, k:k + w].reshape((-1,) + v.shape[1:])
            k += w
        return out

    def clip(self, field):
        """What lies where `field` (one number a vertex) is positive; cut edges are clean lines."""
        rows, faces, cuts, rows_new = self.rows(), [], {}, []
        f = np.asarray(field, float)
        f = np.where(np.abs(f) < 1e-7, 1e-7, f)
        for face in self.faces:
            s = f[face]
            if (s > 0).all():
                faces.append(face)
                continue
            if (s < 0).all():
                continue
            out = []
            for i, j in zip(face, face[1:] + face[:1]):
                if f[i] > 0:
                    out.append(i)
                if (f[i] > 0) != (f[j] > 0):
                    e = (min(i, j), max(i, j))
                    if e not in cuts:
                        t = f[e[0]] / (f[e[0]] - f[e[1]])
                        cuts[e] = len(rows) + len(rows_new)
                        rows_new.append(rows[e[0]] * (1 - t) + rows[e[1]] * t)
                    out.append(cuts[e])
            if len(out) > 2:
                faces.append(out)
        rows = np.concatenate([rows, rows_new]) if rows_new else rows
        return (lambda m: m.keep(m.faces))(self.from_rows(rows, faces))

    def triangles(self):
        out = []
        for f in self.faces:
            if len(f) == 4:
                p = self.p[f]
                if np.linalg.norm(p[0] - p[2]) <= np.linalg.norm(p[1] - p[3]):
                    out += [[f[0], f[1], f[2]], [f[0], f[2], f[3]]]
                else:
                    out += [[f[0], f[1], f[3]], [f[1], f[2], f[3]]]
            else:
                out += [[f[0], f[k], f[k + 1]] for k in range(1, len(f) - 1)]
        return out

    def normals(self):
        t = np.array(self.triangles())
        n = np.zeros_like(self.p)
        c = np.cross(self.p[t[:, 1]] - self.p[t[:, 0]], self.p[t[:, 2]] - self.p[t[:, 0]])
        for k in range(3):
            np.add.at(n, t[:, k], c)
        return n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-12)

    def edges(self):
        count = {}
        for f in self.faces:
            for i, j in zip(f, f[1:] + f[:1]):
                count[min(i, j), max(i, j)] = count.get((min(i, j), max(i, j)), 0) + 1
        return count

    def border(self):
        return sorted({i for e, k in self.edges().items() if k == 1 for i in e})

    def smooth(self, times, amount=.5, hold=None, field=None):
        """Laplacian smoothing of the places, or of `field`; `hold` 0..1 keeps vertices in place."""
        e = np.array(list(self.edges()))
        n = np.zeros(len(self.p))
        np.add.at(n, e[:, 0], 1)
        np.add.at(n, e[:, 1], 1)
        x = (self.p if field is None else np.asarray(field, float)).copy()
        w = amount * (1 - (np.zeros(len(x)) if hold is None else np.asarray(hold, float)))
        w = w.reshape((-1,) + (1,) * (x.ndim - 1))
        for _ in range(times):
            s = np.zeros_like(x)
            np.add.at(s, e[:, 0], x[e[:, 1]])
            np.add.at(s, e[:, 1], x[e[:, 0]])
            x = x + w * (s / np.maximum(n, 1).reshape(w.shape) - x)
        return x

    def subdivide(self):
        """One Catmull-Clark step of the places; the other rows are averaged linearly."""
        me = self.blender('subdivide')
        rows = self.rows()
        edges = self.edges()
        eid = {e: len(rows) + k for k, e in enumerate(edges)}
        mids = np.array([(rows[i] + rows[j]) / 2 for i, j in edges])
        centres = np.array([rows[f].mean(0) for f in self.faces])
        base = len(rows) + len(mids)
        faces = []
        for k, f in enumerate(self.faces):
            for q in range(len(f)):
                i, j, h = f[q], f[(q + 1) % len(f)], f[q - 1]
                faces.append([i, eid[min(i, j), max(i, j)], base + k, eid[min(h, i), max(h, i)]])
        out = self.from_rows(np.concatenate([rows, mids, centres]), faces)
        bpy.data.meshes.remove(me)
        hold = np.zeros(len(out.p))
        hold[out.border()] = 1
        out.p = out.smooth(1, .35, hold)
        return out

    def join(self, other):
        n = len(self.p)
        return Mesh(np.concatenate([self.p, other.p]), self.faces + [[i + n for i in f] for f in other.faces],
                    **{k: np.concatenate([v, other.a[k]]) for k, v in self.a.items()})

    def blender(self, name):
        me = bpy.data.meshes.new(name)
        me.from_pydata(self.p.tolist(), [], self.faces)
        return me

    def bvh(self):
        return BVHTree.FromPolygons(self.p.tolist(), self.faces)

    def sample(self, points):
        """The named rows at the nearest places of this surface."""
        tri = self.triangles()
        tree = BVHTree.FromPolygons(self.p.tolist(), tri)
        t = np.array(tri)
        idx, bary = [], []
        for q in points:
            loc, _, k, _ = tree.find_nearest(Vector(q))
            a, b, c = self.p[t[k]]
            v0, v1, v2 = b - a, c - a, np.array(loc) - a
            d00, d01, d11, d20, d21 = v0 @ v0, v0 @ v1, v1 @ v1, v2 @ v0, v2 @ v1
            den = d00 * d11 - d01 * d01
            y, z = ((d11 * d20 - d01 * d21) / den, (d00 * d21 - d01 * d20) / den) if den > 1e-18 else (0, 0)
            idx.append(t[k])
            bary.append(np.clip([1 - y - z, y, z], 0, 1))
        idx, bary = np.array(idx), np.array(bary)
        bary /= bary.sum(1, keepdims=True)
        return {n: np.einsum('ij,ij...->i...', bary, v[idx]) for n, v in self.a.items()}

    def thin(self, triangles, care=None):
        """About `triangles` triangles (quadric collapse); `care` 0..1 a vertex: 1 keeps its detail."""
        tri = self.triangles()
        if len(tri) <= triangles:
            return Mesh(self.p, tri, **self.a)
        me = bpy.data.meshes.new('thin')
        me.from_pydata(self.p.tolist(), [], tri)
        ob = bpy.data.objects.new('thin', me)
        bpy.context.collection.objects.link(ob)
        m = ob.modifiers.new('d', 'DECIMATE')
        m.ratio = triangles / len(tri)
        if care is not None:
            g = ob.vertex_groups.new(name='care')
            for i, c in enumerate(1 - np.asarray(care)):
                g.add([i], float(c), 'REPLACE')
            m.vertex_group, m.vertex_group_factor = 'care', 1.0
        dg = bpy.context.evaluated_depsgraph_get()
        ev = ob.evaluated_get(dg).to_mesh()
        p = np.array([q.co[:] for q in ev.vertices])
        f = [list(q.vertices) for q in ev.polygons]
        bpy.data.objects.remove(ob)
        out = Mesh.part(p, f)
        out.a = self.sample(out.p)
        return out


def open_sky(points, normals, tree, rays=64, reach=.5, floor=None, seed=1):
    """0..1 a point: how much of its half sphere is free within `reach` metres (cosine weighted); `floor`: height of a ground."""
    rng = np.random.default_rng(seed)
    u, a = rng.random(rays), rng.random(rays) * 2 * np.pi
    u = (np.arange(rays) + u) / rays
    local = np.stack([np.sqrt(u) * np.cos(a), np.sqrt(u) * np.sin(a), np.sqrt(1 - u)], 1)
    out = np.ones(len(points))
    for i, (p, n) in enumerate(zip(points, normals)):
        x = np.cross(n, [0, 0, 1] if abs(n[2]) < .9 else [1, 0, 0])
        x /= np.linalg.norm(x)
        d = local @ np.stack([x, np.cross(n, x), n])
        start = Vector(p + n * .0015)
        free = 0.0
        for k in d:
            hit = tree.ray_cast(start, Vector(k), reach)
            if hit[0] is not None:
                free += (hit[3] / reach) ** 2
            elif floor is not None and k[2] < 0 and (p[2] - floor) / -k[2] < reach:
                free += min(1, (p[2] - floor) / -k[2] / reach) ** 2
            else:
                free += 1
        out[i] = free / rays
    return out


def noise(p, seed=0):
    """Smooth noise -1..1 on the unit lattice."""
    p = np.asarray(p, float) + seed * 17.3
    i = np.floor(p).astype(np.int64)
    f = p - i
    u = f * f * f * (f * (f * 6 - 15) + 10)
    out = np.zeros(len(p))
    for dx in (0, 1):
        for dy in (0, 1):
            for dz in (0, 1):
                h = (i[:, 0] + dx) * 374761393 + (i[:, 1] + dy) * 668265263 + (i[:, 2] + dz) * 2147483647 + seed * 144665
                h = (h ^ (h >> 13)) * 1274126177 & 0xffffffff
                h = ((h ^ (h >> 16)) & 0xffff) / 32767.5 - 1
                w = (u[:, 0] if dx else 1 - u[:, 0]) * (u[:, 1] if dy else 1 - u[:, 1]) * (u[:, 2] if dz else 1 - u[:, 2])
                out += w * h
    return out


def fold(p, seed=0):
    """A cloth's ridges: 0 in the valley, 1 on the crest, crests narrow."""
    return (1 - np.abs(noise(p, seed))) ** 2
