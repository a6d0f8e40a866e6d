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


def staff(arm, body):
    bones = body.posed_bones
    way = {n: tuple((t - h) / np.linalg.norm(t - h)) for n, (h, t) in bones.items()}

    def idle(t, extra=()):
        turns = breath(t)
        turns['spine_01'] = turn(Y, .7 * swing(t, 8)) @ turn(Z, .8 * swing(t, 8, 1))
        turns['neck_01'] = turn(X, .8 * swing(t, 4, .4))
        turns['head'] = turn(Z, 2.2 * swing(t, 8, .6)) @ turn(Y, .8 * swing(t, 8, 2))
        turns['lowerarm_l'] = turn(X, -1.2 * (1 + swing(t, 8, 2)))
        turns['lowerarm_r'] = turn(X, -1.0 * (1 + swing(t, 8, 4)))
        turns.update(dict(extra))
        return turns

    def calm(t):
        return Pose(bones, turns=idle(t))

    def talk(t):
        k = ease(t, 0, .8) * (1 - ease(t, 5.2, 6))
        beat = .5 + .5 * swing(t, 1.5)
        low = .5 + .5 * swing(t, 2, 1)
        to = {'upperarm_r': mix(way['upperarm_r'], (-.22, -.22, -.95), k), 'lowerarm_r': mix(way['lowerarm_r'], (.18 - .10 * beat, -.88, -.22 + .20 * beat), k),
              'hand_r': mix(way['hand_r'], (.10, -.95, -.10 + .25 * beat), k),
              'lowerarm_l': mix(way['lowerarm_l'], (-.05, -.62, -.75 + .12 * low), .75 * k), 'hand_l': mix(way['hand_l'], (-.10, -.75, -.6), .75 * k)}
        turns = idle(t, {'head': turn(X, 2.5 * k * swing(t, 1.5, .5)) @ turn(Z, 2.5 * k * swing(t, 3))})
        return Pose(bones, towards=to, turns={n: g for n, g in turns.items() if n not in to})

    def wave(t):
        k = ease(t, 0, .6) * (1 - ease(t, 2.2, 2.8))
        s = swing(t, .62)
        to = {'upperarm_r': mix(way['upperarm_r'], (-.55, -.35, -.60), k), 'lowerarm_r': mix(way['lowerarm_r'], (-.30 + .22 * s, -.42, .85), k),
              'hand_r': mix(way['hand_r'], (-.22 + .40 * s, -.25, .95), k)}
        turns = idle(t, {'head': turn(Y, 3 * k)})
        return Pose(bones, towards=to, turns={n: g for n, g in turns.items() if n not in to})

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
            turns[f'lowerarm_{s}'] = turn(X, -8 - 6 * max(0, -np.sin(a)))
        turns['spine_01'] = turn(Z, -5 * np.sin(ph)) @ turn(X, 1.5)
        turns['spine_03'] = turn(Z, 7 * np.sin(ph))
        turns['pelvis'] = turn(Z, 4 * np.sin(ph)) @ turn(Y, 1.8 * np.cos(ph))
        p = Pose(bones, towards=to, turns=turns)
        # the lower sole rests on the floor
        low = min(min(p.at[f'ball_{s}'][2] - bones[f'ball_{s}'][0][2], p.at[f'foot_{s}'][2] - bones[f'foot_{s}'][0][2]) for s in 'lr')
        return Pose(bones, towards=to, turns=turns, shift=(0, 0, -low))

    keyed(arm, 'idle', 8, calm, bones, blinks=(1.3, 4.9), step=3)
    keyed(arm, 'talk', 6, talk, bones, blinks=(.6, 3.1), smile=((0, 0), (.8, .35), (5.2, .35), (6, 0)), step=2)
    keyed(arm, 'wave', 2.8, wave, bones, blinks=(2.3,), smile=((0, 0), (.6, .8), (2.2, .8), (2.8, 0)))
    keyed(arm, 'walk', 1.1 + 1e-9, walk, bones)


def patient(arm, body):
    bones = body.posed_bones

    def idle(t):
        b = .5 + .5 * np.sin(2 * np.pi * t / 4 - 1.2)
        # lying: the belly rises towards the ceiling, the hands ride on it, the head stays
        k = {'spine_02': turn(X, .9 * b), 'spine_03': turn(X, -.9 * b), 'neck_01': turn(X, 0), 'lowerarm_l': turn(X, .8 * b), 'lowerarm_r': turn(X, .8 * b)}
        return Pose(bones, turns=k)

    keyed(arm, 'idle', 8, idle, bones, blinks=(1.6, 5.7), step=3)
