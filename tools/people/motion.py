"""Baked movements: idle (breath, sway, blinks), talk, wave, walk. Directions in the figure's own axes (Z up, facing -Y)."""
import bpy
import numpy as np
from mathutils import Matrix

from mould import ORDER, RIG, Pose, mirrored, turn

FPS = 15
X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)


def keyed(arm, name, seconds, frame_pose, bones, base=None, blinks=(), smile=None, step=1):
    """One NLA track `name`: `frame_pose(t)` gives the Pose at t seconds; turns are written bone by bone."""
    bpy.context.scene.render.fps = FPS
    ad = arm.animation_data or arm.animation_data_create()
    action = bpy.data.actions.new(name)
    ad.action = action
    rest = {n: np.array(arm.data.bones[n].matrix_local.to_3x3()) for n in ORDER}
    frames = list(range(0, int(round(seconds * FPS)) + 1, step))
    q = {n: [] for n in ORDER}
    shift = []
    for f in frames:
        pose = frame_pose(f / FPS)
        for n in ORDER:
            p = RIG[n]['parent']
            local = (pose.g[p].T if p else np.eye(3)) @ pose.g[n]
            q[n].append(Matrix((rest[n].T @ local @ rest[n]).tolist()).to_quaternion())
        shift.append(rest['Root'].T @ (pose.at['Root'] - bones['Root'][0]))
    for n in ORDER:
        if max(abs(x.angle) for x in q[n]) < 1e-4:
            continue
        b = arm.pose.bones[n]
        b.rotation_mode = 'QUATERNION'
        last = None
        for f, x in zip(frames, q[n]):
            if last is not None and last.dot(x) < 0:
                x = -x
            last = x
            b.rotation_quaternion = x
            b.keyframe_insert('rotation_quaternion', frame=f)
        b.rotation_quaternion = (1, 0, 0, 0)
    if np.ptp(np.array(shift), axis=0).max() > 1e-4:
        b = arm.pose.bones['Root']
        for f, x in zip(frames, shift):
            b.location = x
            b.keyframe_insert('location', frame=f)
        b.location = (0, 0, 0)
    ad.action = None
    track = ad.nla_tracks.new()
    track.name = name
    track.strips.new(name, 0, action)
    track.mute = True
    skin = next((o for o in bpy.data.objects if o.name.startswith('skin') and o.data.shape_keys), None)
    if skin and (len(blinks) or smile is not None):
        keys = skin.data.shape_keys
        ad = keys.animation_data or keys.animation_data_create()
        action = bpy.data.actions.new(name + '_face')
        ad.action = action
        for t in (0, seconds):
            keys.key_blocks['blink'].value = 0
            keys.key_blocks['blink'].keyframe_insert('value', frame=round(t * FPS))
        for t in blinks:
            for dt, v in ((-.14, 0), (0, 1), (.07, 1), (.28, 0)):
                keys.key_blocks['blink'].value = v
                keys.key_blocks['blink'].keyframe_insert('value', frame=round((t + dt) * FPS))
        for t, v in (smile or ()):
            keys.key_blocks['smile'].value = v
            keys.key_blocks['smile'].keyframe_insert('value', frame=round(t * FPS))
        keys.key_blocks['blink'].value = keys.key_blocks['smile'].value = 0
        ad.action = None
        track = ad.nla_tracks.new()
        track.name = name
        track.strips.new(name, 0, action)
        track.mute = True


def breath(t, amount=1.0):
    b = np.sin(2 * np.pi * t / 4 - 1.2)
    return {'spine_03': turn(X, -.9 * amount * b), 'clavicle_l': turn(Y, -.9 * amount * b), 'clavicle_r': turn(Y, .9 * amount * b),
            'upperarm_l': turn(X, .9 * amount * b) @ turn(Y, .7 * amount * b), 'upperarm_r': turn(X, .9 * amount * b) @ turn(Y, -.7 * amount * b)}


def swing(t, period, phase=0.0):
    return np.sin(2 * np.pi * t / period + phase)


def ease(t, a, b):
    x = np.clip((t - a) / (b - a), 0, 1)
    return x * x * (3 - 2 * x)


def mix(a, b, k):
    return tuple(np.array(a) * (1 - k) + np.array(b) * k)


def bend(bones, side, wrist, pole):
    """Directions of upper and lower arm that bring the wrist to a place, the elbow towards `pole`."""
    s, e, w = (bones[f'{n}_{side}'][0] for n in ('upperarm', 'lowerarm', 'hand'))
    a, b = np.linalg.norm(e - s), np.linalg.norm(w - e)
    way = wrist - s
    d = np.clip(np.linalg.norm(way), abs(a - b) + .02, (a + b) * .985)
    to = way / np.linalg.norm(way)
    along = (a * a + d * d - b * b) / (2 * d)
    p = np.array(pole, float) - to * (to @ pole)
    elbow = s + to * along + p / np.linalg.norm(p) * np.sqrt(max(0, a * a - along * along))
    return {f'upperarm_{side}': tuple((elbow - s) / a), f'lowerarm_{side}': tuple((s + to * d - elbow) / b)}


def rests(body, cloth, how):
    """Arms of somebody who stands and listens: hands laid on one another before the belly, or loose at the sides."""
    bones = body.posed_bones
    if how == 'clasped':
        z = body.hip_z - body.drop + .085
        front = cloth[(np.abs(cloth[:, 0]) < .09) & (np.abs(cloth[:, 2] - z) < .06), 1].min()
        arms = bend(bones, 'l', np.array([.085, front - .030, z + .035]), (.8, .5, -.35))
        arms |= bend(bones, 'r', np.array([-.070, front - .012, z + .005]), (-.8, .5, -.35))
        return arms | {'hand_l': (-.86, -.22, -.46), 'hand_r': (.88, -.16, -.44)}
    return {'upperarm_l': (.20, .12, -.97), 'lowerarm_l': (.04, -.50, -.86), 'hand_l': (-.10, -.42, -.90),
            'upperarm_r': (-.21, .07, -.97), 'lowerarm_r': (.06, -.40, -.91), 'hand_r': (.14, -.30, -.94)}


def staff(arm, body, cloth, how, waving):
    bones = body.posed_bones
    way = {n: tuple((t - h) / np.linalg.norm(t - h)) for n, (h, t) in bones.items()}
    at_rest = rests(body, cloth, how)
    sides = rests(body, cloth, 'sides')

    def idle(t, extra=()):
        turns = breath(t)
        turns['spine_01'] = turn(Y, -.9 * swing(t, 8)) @ turn(Z, .8 * swing(t, 8, 1))
        turns['neck_01'] = turn(X, .8 * swing(t, 4, .4))
        turns['head'] = turn(Z, 2.2 * swing(t, 8, .6)) @ turn(Y, .8 * swing(t, 8, 2))
        turns.update(dict(extra))
        return turns

    def stands(t, to, turns, aside=.016):
        """Weight goes slowly from one foot to the other; the feet stay where they are."""
        d = aside * swing(t, 8)
        to = dict(to)
        for s in 'lr':
            leg = bones[f'thigh_{s}'][0][2] - bones[f'foot_{s}'][0][2]
            for n in ('thigh', 'calf'):
                x, y, z = way[f'{n}_{s}']
                to[f'{n}_{s}'] = (x - d / leg, y, z)
        return Pose(bones, towards=to, turns={n: g for n, g in turns.items() if n not in to}, shift=(d, 0, 0),
                    fixed=('foot_l', 'foot_r', 'ball_l', 'ball_r'))

    def sway(t, to):
        """Arms are never quite still."""
        out = dict(to)
        for s, p in (('l', 2), ('r', 4)):
            x, y, z = to[f'lowerarm_{s}']
            out[f'lowerarm_{s}'] = (x, y - .012 * swing(t, 8, p), z + .010 * swing(t, 4, p))
        return out

    def calm(t):
        return stands(t, sway(t, at_rest), idle(t))

    def talk(t):
        k = ease(t, 0, .8) * (1 - ease(t, 5.2, 6))
        beat = .5 + .5 * swing(t, 1.5)
        low = .5 + .5 * swing(t, 2, 1)
        rest = at_rest
        to = dict(rest)
        to |= {'upperarm_r': mix(rest['upperarm_r'], (-.22, -.22, -.95), k), 'lowerarm_r': mix(rest['lowerarm_r'], (.18 - .10 * beat, -.88, -.22 + .20 * beat), k),
               'hand_r': mix(rest['hand_r'], (.10, -.95, -.10 + .25 * beat), k),
               'lowerarm_l': mix(rest['lowerarm_l'], (-.30, -.72, -.55 + .12 * low), .55 * k), 'hand_l': mix(rest['hand_l'], (-.40, -.75, -.45), .55 * k)}
        return stands(t, to, idle(t, {'head': turn(X, 2.5 * k * swing(t, 1.5, .5)) @ turn(Z, 2.5 * k * swing(t, 3))}), 0)

    def wave(t):
        k = ease(t, 0, .6) * (1 - ease(t, 2.2, 2.8))
        s = swing(t, .62)
        rest = at_rest
        to = {n: mix(rest[n], sides[n], k) for n in rest}
        w, out = waving, 1 if waving == 'l' else -1
        to |= {f'upperarm_{w}': mix(rest[f'upperarm_{w}'], (out * .34, -.38, -.80), k),
               f'lowerarm_{w}': mix(rest[f'lowerarm_{w}'], (out * (.30 - .22 * s), -.42, .85), k),
               f'hand_{w}': mix(rest[f'hand_{w}'], (out * (.22 - .40 * s), -.25, .95), k)}
        return stands(t, to, idle(t, {'head': turn(Y, -3 * out * k)}), 0)

    def work(t):
        """Leaning over something at the height of the belt; the program lays the hands on what it is."""
        to = {}
        for s, sign, p in (('l', 1, 0), ('r', -1, 2)):
            y = .03 * swing(t, 3, p)
            to |= {f'upperarm_{s}': (sign * .16, -.50 + y, -.85), f'lowerarm_{s}': (-sign * .18, -.86, -.42 + y), f'hand_{s}': (-sign * .22, -.85, -.45)}
        turns = idle(t, {'spine_01': turn(X, 11 + .6 * swing(t, 6)), 'spine_02': turn(X, 8), 'spine_03': turn(X, 5), 'neck_01': turn(X, 6),
                         'head': turn(X, 10) @ turn(Z, 3 * swing(t, 6))})
        return stands(t, to, turns, 0)

    def walk(t):
        ph = 2 * np.pi * t / 1.1
        turns, to, fixed = {}, {}, []
        for s, p in (('l', 0.0), ('r', np.pi)):
            a = ph + p
            th = 17 * np.sin(a) + 3.5
            flex = 6 + 44 * max(0.0, np.cos(a + .30)) ** 2.2
            up = turn(X, -th) @ np.array(way[f'thigh_{s}'])
            lo = turn(X, -th + flex) @ np.array(way[f'calf_{s}'])
            to[f'thigh_{s}'], to[f'calf_{s}'] = tuple(up), tuple(lo)
            pitch = np.clip(-9 * np.sin(a) ** 3, -9, 9) + .75 * max(0, flex - 20) * .9
            turns[f'foot_{s}'] = turn(X, th - flex + pitch)
            arm_ = -15 * np.sin(a) - 3
            turns[f'upperarm_{s}'] = turn(X, -arm_)
            turns[f'lowerarm_{s}'] = turn(X, -16 - 9 * max(0, -np.sin(a)))
        turns['spine_01'] = turn(Z, -5 * np.sin(ph)) @ turn(X, 1.5)
        turns['spine_03'] = turn(Z, 7 * np.sin(ph))
        turns['pelvis'] = turn(Z, 4 * np.sin(ph)) @ turn(Y, 1.8 * np.cos(ph))
        p = Pose(bones, towards=to, turns=turns)
        # the lower sole rests on the floor
        low = min(min(p.at[f'ball_{s}'][2] - bones[f'ball_{s}'][0][2], p.at[f'foot_{s}'][2] - bones[f'foot_{s}'][0][2]) for s in 'lr')
        return Pose(bones, towards=to, turns=turns, shift=(0, 0, -low))

    keyed(arm, 'idle', 8, calm, bones, blinks=(1.3, 4.9), smile=((0, .5), (8, .5)), step=3)  # at rest a face is friendly, not blank
    keyed(arm, 'talk', 6, talk, bones, blinks=(.6, 3.1), smile=((0, .4), (.8, .6), (5.2, .6), (6, .4)), step=2)
    keyed(arm, 'wave', 2.8, wave, bones, blinks=(2.3,), smile=((0, .5), (.6, .65), (2.2, .65), (2.8, .5)))
    keyed(arm, 'walk', 1.1 + 1e-9, walk, bones)
    keyed(arm, 'work', 6, work, bones, blinks=(2.1,), step=3)


def patient(arm, body, lying=True):
    bones = body.posed_bones

    def idle(t):
        b = .5 + .5 * np.sin(2 * np.pi * t / 4 - 1.2)
        # lying: the belly rises towards the ceiling, the hands ride on it, the head stays
        k = {'spine_02': turn(X, .9 * b), 'spine_03': turn(X, -.9 * b), 'neck_01': turn(X, 0), 'lowerarm_l': turn(X, .8 * b), 'lowerarm_r': turn(X, .8 * b)}
        return Pose(bones, turns=k if lying else {'spine_03': turn(X, -.6 * b)})

    keyed(arm, 'idle', 8, idle, bones, blinks=(1.6, 5.7), step=3)
