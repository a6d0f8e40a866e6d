"""Puts a figure together: skin, clothes, hair, eyes, occlusion in the vertex colours, skeleton, glb."""
import os
import tempfile

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

import clothes
import hair
from body import Body, brows
from mesh import Mesh, open_sky
from mould import BONES, G, INDEX, ORDER, RIG, W, region

ROWS = ('w', 'col', 'blink', 'smile', 'care')


def skin_of(body):
    """The whole posed skin as one mesh with every row it needs later."""
    faces = G['body']
    full = Mesh.part(body.v, faces, rest=body.rest, w=W, arm=body.arm, hand=body.hand, head=body.head, foot=body.foot,
                     ears=region(['ears/l-ear-scale-incr', 'ears/r-ear-scale-incr'], .6), col=body.colours(), blink=body.morph('blink'), smile=body.morph('smile'))
    return full


def seen(mesh, blockers, rays=40):
    """Faces of `mesh` that anything outside can see, and one ring around them."""
    tree = BVHTree.FromPolygons(blockers.p.tolist(), blockers.faces)
    sky = open_sky(mesh.p, mesh.normals(), tree, rays, 3.0)
    ok = sky > .012
    faces = [f for f in mesh.faces if any(ok[i] for i in f)]
    ring = {i for f in faces for i in f}
    return [f for f in mesh.faces if any(i in ring for i in f)]


def four(w):
    """At most four bones a vertex."""
    w = w.copy()
    cut = np.sort(w, 1)[:, -4][:, None]
    w[w < cut] = 0
    w[w < .02] = 0
    return w / np.maximum(w.sum(1, keepdims=True), 1e-9)


def shade(mesh, tree, floor, reach=.45, dark=.30, power=1.0, rays=72):
    sky = open_sky(mesh.p, mesh.normals(), tree, rays, reach, floor) ** power
    mesh.a['col'] = np.clip(mesh.a['col'] * (dark + (1 - dark) * sky)[:, None], 0, 1)


def raise_relief(nodes, link, shader, image):
    """The shader's surface takes the relief of a normal map."""
    image.colorspace_settings.name = 'Non-Color'
    t = nodes.new('ShaderNodeTexImage')
    t.image = image
    k = nodes.new('ShaderNodeNormalMap')
    link.new(t.outputs['Color'], k.inputs['Color'])
    link.new(k.outputs['Normal'], shader.inputs['Normal'])


def material(name, rough, image=None, double=False, alpha=False, relief=None):
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    b = m.node_tree.nodes['Principled BSDF']
    b.inputs['Roughness'].default_value = rough
    b.inputs['Specular IOR Level'].default_value = .35
    n, link = m.node_tree.nodes, m.node_tree.links
    c = n.new('ShaderNodeVertexColor')
    c.layer_name = 'Col'
    if image:
        t = n.new('ShaderNodeTexImage')
        t.image = image
        x = n.new('ShaderNodeMix')
        x.data_type, x.blend_type = 'RGBA', 'MULTIPLY'
        x.inputs[0].default_value = 1
        link.new(t.outputs['Color'], x.inputs[6])
        link.new(c.outputs['Color'], x.inputs[7])
        link.new(x.outputs[2], b.inputs['Base Color'])
        if alpha:
            r = n.new('ShaderNodeMath')
            r.operation = 'GREATER_THAN'
            r.inputs[1].default_value = .5
            link.new(t.outputs['Alpha'], r.inputs[0])
            link.new(r.outputs[0], b.inputs['Alpha'])
    else:
        link.new(c.outputs['Color'], b.inputs['Base Color'])
    if relief:
        raise_relief(n, link, b, relief)
    m.use_backface_culling = not double
    return m


def to_blender(name, mesh, mat, armature=None, morphs=()):
    me = bpy.data.meshes.new(name)
    me.from_pydata(mesh.p.tolist(), [], mesh.triangles())
    me.shade_smooth()
    ca = me.color_attributes.new('Col', 'FLOAT_COLOR', 'POINT')
    ca.data.foreach_set('color', np.concatenate([mesh.a['col'], np.ones((len(mesh.p), 1))], 1).astype(np.float32).ravel())
    if 'uv' in mesh.a:
        uv = me.uv_layers.new(name='UVMap')
        idx = np.empty(len(me.loops), np.int32)
        me.loops.foreach_get('vertex_index', idx)
        flat = mesh.a['uv'][idx] * [1, -1] + [0, 1]
        uv.data.foreach_set('uv', flat.astype(np.float32).ravel())
    ob = bpy.data.objects.new(name, me)
    bpy.context.collection.objects.link(ob)
    me.materials.append(mat)
    if armature:
        w = four(mesh.a['w'])
        for n in BONES:
            nz = np.flatnonzero(w[:, INDEX[n]])
            if len(nz):
                g = ob.vertex_groups.new(name=n)
                for k in nz:
                    g.add([int(k)], float(w[k, INDEX[n]]), 'REPLACE')
        ob.parent = armature
        ob.modifiers.new('Armature', 'ARMATURE').object = armature
    if morphs:
        ob.shape_key_add(name='Basis')
        for n in morphs:
            k = ob.shape_key_add(name=n)
            k.data.foreach_set('co', (mesh.p + mesh.a[n]).astype(np.float32).ravel())
    return ob


def skeleton(name, bones):
    a = bpy.data.armatures.new(name)
    o = bpy.data.objects.new(name, a)
    bpy.context.collection.objects.link(o)
    bpy.context.view_layer.objects.active = o
    bpy.ops.object.mode_set(mode='EDIT')
    for n in ORDER:
        e = a.edit_bones.new(n)
        h, t = bones[n]
        e.head, e.tail = Vector(h), Vector(t if np.linalg.norm(t - h) > 1e-4 else h + [0, 0, .02])
        # a bone's own X points to the figure's left wherever that is possible, so that turns read alike
        e.align_roll(Vector((0, -1, 0)) if abs((e.tail - e.head).normalized().y) < .9 else Vector((0, 0, 1)))
        if RIG[n]['parent']:
            e.parent = a.edit_bones[RIG[n]['parent']]
    bpy.ops.object.mode_set(mode='OBJECT')
    return o


def head_care(m, body):
    """What thinning must keep: the face's front, less the ears, least the hands and the back of the head."""
    e = m.a['rest'] - body.eye_rest
    face = np.clip((.075 - e[:, 1]) / .03, 0, 1) * (m.a['head'] > .4) * (e[:, 2] > -.14) * (e[:, 2] < .055)
    eyes = np.exp(-((np.abs(e[:, 0]) - .030) / .022) ** 2 - (e[:, 2] / .016) ** 2) * face
    mouth = np.exp(-(e[:, 0] / .030) ** 2 - ((e[:, 2] + .070) / .022) ** 2) * face
    nose = np.exp(-(e[:, 0] / .020) ** 2 - ((e[:, 2] + .035) / .025) ** 2) * face
    return np.clip(.25 * face + .7 * eyes + .6 * mouth + .4 * nose + .55 * m.a['ears'], 0, 1)


def assemble(body, garments, cap_meshes, budget_skin, floor, beside=None, skin_where=None):
    """Meshes `skin`, `cloth`, `eyes`, `hair` with occlusion in their colours."""
    full = skin_of(body)
    cloth, thinned = None, {}
    blockers = Mesh(full.p, full.faces)
    for m, n in garments.values():
        blockers = blockers.join(Mesh(m.p, m.faces))
    if beside:
        blockers = blockers.join(Mesh(beside.p, beside.faces))
    eyes = body.eyes()
    blockers = blockers.join(Mesh(eyes.p, eyes.faces))
    skin = full.keep([f for f in seen(full, blockers) if skin_where is None or skin_where(f)])
    care = head_care(skin, body)
    skin.a['care'] = care
    thin = skin.thin(budget_skin, care)
    # under the hair the scalp sinks a little and takes the hair's colour, so that no skin shows through the cap
    grows, ears = body.hairline(thin.a['rest']), thin.a['ears'].ravel()
    under = (thin.a['head'].ravel() > .5) * (ears < .4)
    thin.p = thin.p - thin.normals() * (.0045 * under * np.clip((grows - .010) / .012, 0, 1))[:, None]
    tint = (under * (.30 * np.clip((grows + .007) / .008, 0, 1) + .55 * np.clip((grows - .001) / .007, 0, 1)))[:, None]
    thin.a['col'] = thin.a['col'] * (1 - tint) + np.array(body.look['hair']['colour']) * .8 * tint
    for k, (m, n) in garments.items():
        t = m.thin(n) if n else Mesh(m.p, m.triangles(), **m.a)
        t.a['uv'] = clothes.lay_out(t.a.get('rest', t.p))
        t.a = {q: t.a[q] for q in ('w', 'col', 'uv')}
        thinned[k] = t
        cloth = cloth.join(t) if cloth else t
    hairs = None
    for m in cap_meshes:
        hairs = hairs.join(m) if hairs else m
    # a badge lies on the cloth: it must not darken the few vertices around it
    worn = [t for k, t in thinned.items() if k != 'badge']
    outer = Mesh(thin.p, thin.faces)
    for t in worn:
        outer = outer.join(Mesh(t.p, t.faces))
    if hairs:
        outer = outer.join(Mesh(hairs.p, hairs.faces))
    if beside:
        outer = outer.join(Mesh(beside.p, beside.faces))
    tree = outer.bvh()
    shade(thin, tree, floor, .16, .46)
    shade(cloth, tree, floor, .40, .28)
    shade(eyes, tree, floor, .03, .50)
    if hairs:
        shade(hairs, tree, floor, .08, .55)
    return {'skin': thin, 'cloth': cloth, 'eyes': eyes, 'hair': hairs}


def cotton():
    path = os.path.join(tempfile.gettempdir(), 'vestibule_cotton.jpg')
    clothes.wrinkles(path)
    img = bpy.data.images.load(path)
    img.pack()
    return img


def in_blender(name, parts, bones, strand_file):
    img = strand_file and bpy.data.images.load(strand_file)
    if img:
        img.pack()
    arm = skeleton(name, bones)
    obs = [to_blender('skin', parts['skin'], material('skin', .60), arm, ('blink', 'smile')),
           to_blender('cloth', parts['cloth'], material('cloth', .88, double=True, relief=cotton()), arm)]
    if parts['eyes']:
        obs.append(to_blender('eyes', parts['eyes'], material('eyes', .12), arm))
    if parts['hair']:
        obs.append(to_blender('hair', parts['hair'], material('hair', .55, img, double=True, alpha=True), arm))
    return arm, obs


def count(parts):
    return {k: len(m.triangles()) for k, m in parts.items() if m}


def export(path, armature=True):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    bpy.ops.export_scene.gltf(filepath=path, export_format='GLB', export_rest_position_armature=False, export_animation_mode='NLA_TRACKS',
                              export_vertex_color='MATERIAL', export_all_influences=False, export_morph_normal=False, export_image_format='AUTO',
                              export_optimize_animation_size=True, export_def_bones=False, export_tangents=False)
    print(path, os.path.getsize(path), flush=True)
