"""A figure's own body: posed skin with its colours, eyes, brows; and the measures that clothes and hair are cut by."""
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from mesh import Mesh, noise
from mould import G, HAND, INDEX, W, Pose, detail, face_unit, joints, mirrored, region, shape, to_z_up, verts_of, weight

# hanging at ease: the elbow a little bent, the hand beside the thigh
EASE = mirrored({'upperarm_l': (.17, .05, -.98), 'lowerarm_l': (.07, -.27, -.96), 'hand_l': (-.03, -.16, -.98),
                 'thigh_l': (.025, -.01, -1), 'calf_l': (.005, .035, -1)})
STANDS = dict(towards=EASE, fixed=('foot_l', 'foot_r', 'ball_l', 'ball_r'), curl=16)
MORPHS = {'blink': {'eyeBlinkLeft': 1, 'eyeBlinkRight': 1},
          'smile': {'mouthSmileLeft': .55, 'mouthSmileRight': .55, 'cheekSquintLeft': .25, 'cheekSquintRight': .25}}


class Body:
    """Rest and posed vertices of the whole base mesh, with fields on them."""

    def __init__(self, look, pose):
        self.look = look
        self.rest = shape(**look['shape'])
        self.bones = joints(self.rest)
        self.pose = Pose(self.bones, **pose)
        self.v = self.pose.move(self.rest)
        # the lowest toe stands on the floor whatever the legs do
        self.drop = 0.0
        if look.get('stands', True):
            self.drop = self.v[verts_of('body'), 2].min()
            self.v[:, 2] -= self.drop
        self.posed_bones = {n: (h - [0, 0, self.drop], t - [0, 0, self.drop]) for n, (h, t) in self.pose.joints().items()}
        self.joint = lambda n: self.rest[verts_of('joint-' + n)].mean(0)
        self.eyes_at = {s: self.v[verts_of(f'helper-{s}-eye')].mean(0) for s in 'lr'}
        self.eye_rest = (self.rest[verts_of('helper-l-eye')].mean(0) + self.rest[verts_of('helper-r-eye')].mean(0)) / 2
        self.fields()
        self.whole_tree = BVHTree.FromPolygons(self.v.tolist(), G['body'])

    def fields(self):
        r = self.rest
        self.hand, self.head = weight(*HAND), weight('head')
        self.foot = weight('foot_l', 'foot_r', 'ball_l', 'ball_r')
        arm = weight('upperarm_l', 'upperarm_r', 'lowerarm_l', 'lowerarm_r') + self.hand
        self.hip_z, self.knee_z, self.ankle_z = (self.joint(n)[2] for n in ('l-upper-leg', 'l-knee', 'l-ankle'))
        self.neck = self.joint('neck')
        # along the arm: 0 at the shoulder, 1 at the elbow, 2 at the wrist; negative in the trunk
        self.arm = np.full(len(r), -1.0)
        for s, sign in (('l', 1), ('r', -1)):
            a, b, c = (self.joint(f'{s}-{n}') for n in ('shoulder', 'elbow', 'hand'))
            t1 = (r - a) @ (b - a) / ((b - a) @ (b - a))
            t2 = 1 + (r - b) @ (c - b) / ((c - b) @ (c - b))
            m = (r[:, 0] * sign > 0) & (arm > .35)
            self.arm[m] = np.where(t1 > 1, np.maximum(t2, 1), t1)[m]

    def mesh(self, group, keep=lambda i: True, **a):
        faces = [f for f in G[group] if all(keep(i) for i in f)]
        rows = dict(rest=self.rest, w=W, arm=self.arm, hand=self.hand, head=self.head, foot=self.foot)
        return Mesh.part(self.v, faces, **rows, **a)

    def morph(self, name):
        d = sum(w * face_unit(u) for u, w in MORPHS[name].items())
        return self.pose.move(self.rest + to_z_up(d)) - self.pose.move(self.rest)

    # --- skin ---------------------------------------------------------------------------------------------------------

    def colours(self):
        """Skin colour of every vertex (linear): where blood shows, lips, lids, brows' shadow, stubble, nails."""
        look, n = self.look, len(self.rest)
        skin = np.array(look['skin'])
        r = self.rest
        e = r - self.eye_rest
        col = np.tile(skin, (n, 1)) * (1 + .05 * noise(r * 55, 3) + .03 * noise(r * 160, 4))[:, None]
        blood = skin * np.array(look.get('blood', [1.02, .68, .62]))

        def mix(field, c, amount):
            nonlocal col
            k = (np.clip(field, 0, 1) * amount)[:, None]
            col = col * (1 - k) + np.asarray(c) * k

        mix(region(['cheek/l-cheek-volume-incr', 'cheek/r-cheek-volume-incr'], .8), blood, .40)
        mix(region(['nose/nose-scale-horiz-incr'], .9), blood, .30)
        mix(region(['ears/l-ear-scale-incr', 'ears/r-ear-scale-incr'], .4), blood, .45)
        mix(self.hand, blood, .22)
        mix((self.hand > .9) * (noise(r * 130, 8) > .15), blood, .25)
        # sockets and the lids' edge
        for s in (1, -1):
            q = (e - [s * abs(self.rest[verts_of('helper-l-eye')].mean(0)[0]), 0, 0])
            d = np.sqrt((q[:, 0] / 1.25) ** 2 + ((q[:, 2]) / .85) ** 2)
            front = (e[:, 1] < .02)
            mix(np.clip(1 - (d - .010) / .012, 0, 1) * front, skin * [.80, .66, .60], .26)
        # the lids' edges alone are dark, where lashes grow: a painted lid looks swollen
        roots = {k: np.array([r[verts_of(f'helper-{s}-eyelashes-{k}')] for s in 'lr']).reshape(-1, 3) for k in (1, 2)}
        upper = 1 if roots[1][:, 2].mean() > roots[2][:, 2].mean() else 2
        moves = np.linalg.norm(to_z_up(face_unit('eyeBlinkLeft') + face_unit('eyeBlinkRight')), axis=1)
        near = np.flatnonzero((self.head > .5) & (np.abs(e[:, 2]) < .03) & (e[:, 1] < .03))
        for key, dark in ((upper, .80), (3 - upper, .35)):
            gap = np.full(n, 1.0)
            gap[near] = np.linalg.norm(r[near][:, None] - roots[key][None], axis=2).min(1)
            mix(np.clip(1.25 - gap / .0022, 0, 1) * (moves > .0002 if key == upper else 1), np.array(look.get('lash', skin * .25)), dark)
        lips = np.clip(region(['mouth/mouth-lowerlip-volume-incr', 'mouth/mouth-upperlip-volume-incr'], .45) * 1.3 - .3, 0, 1)
        mix(lips, skin * np.array(look.get('lips', [.84, .50, .48])), .72)
        if look.get('stubble'):
            jaw = np.clip((-e[:, 2] - .045) / .02, 0, 1) * np.clip((.045 - e[:, 1]) / .03, 0, 1) * np.clip((e[:, 2] + .135) / .02, 0, 1)
            mix(jaw * (1 - lips) * (self.head > .5) * (.75 + .25 * noise(r * 240, 5)), skin * .45, look['stubble'])
        if look.get('age'):
            spots = np.clip(noise(r * 95, 11) * 2.2 - 1.05, 0, 1)
            mix(spots * ((self.hand > .5) | (self.head > .5)), skin * [.66, .52, .42], .5 * look['age'])
        return np.clip(col, 0.001, 1)

    def hairline(self, p):
        """> 0 where hair grows (rest places)."""
        e = p - self.eye_rest
        back = self.eye_rest[1] + .085
        az = np.arctan2(np.abs(p[:, 0]), -(p[:, 1] - back))
        z = np.interp(az, [0, .5, .85, 1.05, 1.25, 1.5, 1.75, 2.05, 2.4, 3.2], self.look['hairline'])
        return e[:, 2] - z

    def eyes(self):
        """Front halves of both eyeballs: rings at the pupil's and the iris's edge, so that they are crisp."""
        out = None
        iris = np.array(self.look['iris'])
        for s in 'lr':
            q = verts_of(f'helper-{s}-eye')
            c = self.v[q].mean(0)
            rad = np.linalg.norm(self.v[q] - c, axis=1).max()
            rings = [(0, 'p'), (.155, 'p'), (.165, 'i0'), (.30, 'i1'), (.415, 'i2'), (.445, 'rim'), (.47, 's0'), (.62, 's'), (.80, 's'), (.95, 's1'), (1.0, 's1')]
            shade = dict(p=[.006] * 3, i0=iris * .55, i1=iris * 1.25, i2=iris * .85, rim=iris * .22, s0=[.60, .57, .54], s=[.68, .65, .62], s1=[.55, .45, .42])
            p, col, faces, n = [], [], [], 16
            for sn, kind in rings:
                for k in range(n):
                    a = 2 * np.pi * k / n
                    flat = .985 if kind[0] in 'pi' else 1
                    y = -np.sqrt(max(0, 1 - sn * sn)) * flat
                    streak = 1 + .18 * np.sin(k * 7.3 + ord(s)) if kind[0] == 'i' else 1
                    p.append(c + rad * .985 * np.array([sn * np.cos(a), y, sn * np.sin(a)]))
                    col.append(np.asarray(shade[kind]) * streak)
            for j in range(len(rings) - 1):
                for k in range(n):
                    a, b = j * n + k, j * n + (k + 1) % n
                    # towards the front: eyes that face inwards are not drawn
                    faces.append([a, a + n, b + n, b] if j else [a, a + n, b + n])
            w = np.zeros((len(p), len(INDEX)))
            w[:, INDEX['head']] = 1
            m = Mesh(p, faces, w=w, col=np.clip(col, 0, 1))
            out = out.join(m) if out else m
        return out


def brows(body, skin_tree, colour):
    """Short tapered cards along each brow."""
    rng = np.random.default_rng(5)
    look = body.look
    p, faces, col = [], [], []
    centre = (body.eyes_at['l'] + body.eyes_at['r']) / 2
    spread = abs(body.eyes_at['l'][0] - centre[0])
    for sign in (1, -1):
        for _ in range(look.get('brow_hairs', 150)):
            t = rng.random()
            x = sign * spread * (.42 + 1.20 * t)
            z = centre[2] + look.get('brow_up', .0180) + .0040 * np.sin(np.pi * (.28 + .72 * t)) + rng.uniform(-.0036, .0036) * (1 - .6 * t)
            loc, n, _, _ = skin_tree.ray_cast(Vector((x, centre[1] - .3, z)), Vector((0, 1, 0)))
            if loc is None:
                continue
            n = n if n.y < 0 else -n
            d = Vector((sign * (.75 + .25 * t), .25 * t, .42 * (1 - t) ** 2 - .12 * t))
            d = (d - n * d.dot(n)).normalized()
            side = d.cross(n).normalized()
            long, wide = .0085 * (.6 + .5 * rng.random()), .0014 * (.7 + .5 * rng.random())
            k = len(p)
            tip = loc + d * long
            hit, m, _, _ = skin_tree.find_nearest(tip)
            a, b, c = loc + n * .0004 - side * wide / 2, loc + n * .0006 + side * wide / 2, hit + n * .0006
            p += [a[:], b[:], c[:]]
            faces.append([k, k + 1, k + 2])
            s = .8 + .4 * rng.random()
            col += [np.array(colour) * s] * 3
    w = np.zeros((len(p), len(INDEX)))
    w[:, INDEX['head']] = 1
    return Mesh(p, faces, w=w, col=np.array(col), uv=np.tile([.5, .02], (len(p), 1)))
