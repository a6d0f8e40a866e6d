"""Photographs a figure's .glb: python look.py FILE.glb OUT_PREFIX [full|face|side|back|hands ...] (bpy 4.5's Python)."""
import math
import os
import sys

import bpy
from mathutils import Vector

VIEWS = {'full': ((.9, -3.6, 1.45), (0, 0, .88), 50), 'face': ((.26, -.82, 1.62), (0, 0, 1.53), 58), 'front': ((0, -1.5, 1.5), (0, 0, 1.35), 50),
         'side': ((1.0, -.05, 1.6), (0, .02, 1.50), 55), 'back': ((-1.2, 3.2, 1.5), (0, 0, .9), 50), 'hands': ((.9, -1.2, 1.0), (.1, 0, .85), 55),
         'lying': ((1.9, -1.5, 2.3), (0, -.65, 1.2), 42), 'lyingface': ((.55, -.35, 1.72), (0, 0, 1.25), 50), 'above': ((0.02, -.35, 2.6), (0, -.55, 1.2), 35),
         'walkside': ((3.6, -1.2, 1.3), (0, 0, .88), 50), 'chest': ((1.05, .0, 1.62), (0, -.25, 1.2), 40), 'pair': ((.25, -2.6, 1.5), (0, 0, 1.22), 50), 'faces': ((.1, -1.25, 1.60), (0, 0, 1.50), 58), 'eye': ((0, .02, 1.42), (0, -1.2, 1.25), 24), 'lyingside': ((1.6, -.3, 1.35), (0, -.3, 1.2), 40)}
SIZE = tuple(int(x) for x in os.environ.get('SIZE', '520x560').split('x'))


def main():
    path, prefix, views = sys.argv[1], sys.argv[2], sys.argv[3:] or ['full', 'face']
    bpy.ops.wm.read_factory_settings(use_empty=True)
    apart = float(os.environ.get('APART', 0))
    for k, p in enumerate(path.split(',')):
        before = set(bpy.data.objects)
        bpy.ops.import_scene.gltf(filepath=p)
        for o in set(bpy.data.objects) - before:
            if o.parent is None:
                o.location.x += apart * (k - .5)
    for m in bpy.data.materials:
        if not m.node_tree:
            continue
        b = m.node_tree.nodes.get('Principled BSDF')
        if not b:
            continue
        users = [o for o in bpy.data.objects if o.type == 'MESH' and o.data.materials and o.data.materials[0] == m and o.data.color_attributes]
        if users and not any(n.type in ('VERTEX_COLOR', 'ATTRIBUTE') for n in m.node_tree.nodes):
            c = m.node_tree.nodes.new('ShaderNodeVertexColor')
            c.layer_name = users[0].data.color_attributes[0].name
            x = m.node_tree.nodes.new('ShaderNodeMix')
            x.data_type, x.blend_type = 'RGBA', 'MULTIPLY'
            x.inputs[0].default_value = 1
            s = b.inputs['Base Color']
            if s.links:
                m.node_tree.links.new(s.links[0].from_socket, x.inputs[6])
            else:
                x.inputs[6].default_value = s.default_value
            m.node_tree.links.new(c.outputs['Color'], x.inputs[7])
            m.node_tree.links.new(x.outputs[2], s)
    sc = bpy.context.scene
    frame = os.environ.get('FRAME')
    for o in bpy.data.objects:
        if o.type == 'ARMATURE' and o.animation_data:
            name = os.environ.get('ACTION')
            for t in o.animation_data.nla_tracks:
                t.mute = not (name and t.name.startswith(name))
            o.animation_data.action = None
    for k in bpy.data.shape_keys:
        if k.animation_data and not os.environ.get('ACTION'):
            k.animation_data_clear()
        for b in k.key_blocks:
            b.value = float(os.environ.get(b.name.upper(), 0)) if b.name != 'Basis' else 0
    if frame:
        sc.frame_set(int(frame))
    sc.render.engine = 'CYCLES'
    sc.cycles.samples, sc.cycles.use_denoising, sc.cycles.device = int(os.environ.get('SAMPLES', 14)), True, 'CPU'
    sc.render.threads_mode, sc.render.threads = 'FIXED', 2
    sc.render.resolution_x, sc.render.resolution_y = SIZE
    sc.view_settings.view_transform = 'AgX'
    w = bpy.data.worlds.new('w')
    sc.world = w
    w.use_nodes = True
    n = w.node_tree.nodes
    n['Background'].inputs[0].default_value = (.86, .90, .95, 1)
    n['Background'].inputs[1].default_value = .75
    light = bpy.data.lights.new('k', 'AREA')
    light.energy, light.size = 60, 1.6
    lo = bpy.data.objects.new('k', light)
    bpy.context.collection.objects.link(lo)
    lo.location = (1.5, -2.0, 3.0)
    lo.rotation_euler = (Vector((0, 0, 1.2)) - lo.location).to_track_quat('-Z', 'Y').to_euler()
    bpy.ops.mesh.primitive_plane_add(size=30)
    f = bpy.data.materials.new('floor')
    f.use_nodes = True
    f.node_tree.nodes['Principled BSDF'].inputs['Base Color'].default_value = (.5, .5, .47, 1)
    bpy.context.object.data.materials.append(f)
    for view in views:
        at, to, lens = VIEWS[view]
        c = bpy.data.cameras.new('c')
        c.lens = lens
        o = bpy.data.objects.new('c', c)
        bpy.context.collection.objects.link(o)
        o.location = at
        o.rotation_euler = (Vector(to) - Vector(at)).to_track_quat('-Z', 'Y').to_euler()
        sc.camera = o
        sc.render.filepath = f'{prefix}_{view}.png'
        bpy.ops.render.render(write_still=True)


main()
