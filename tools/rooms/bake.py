"""Baking with Cycles: lightmap, irradiance volume, occlusion atlas, reflection probe, and true pictures to compare with."""

import math, os, time
import bpy
import numpy as np
from mathutils import Vector
import kit, ktx2


def log(*a):
    print(*a, flush=True)


def cycles(spp, bounces=8):
    s = bpy.context.scene
    s.render.engine = "CYCLES"
    c = s.cycles
    c.device = "CPU"
    c.samples = spp
    c.use_adaptive_sampling = True
    c.adaptive_threshold = 0.02
    c.max_bounces = bounces
    c.diffuse_bounces = bounces
    c.glossy_bounces = 3
    c.caustics_reflective = c.caustics_refractive = False
    c.sample_clamp_indirect = 6
    c.use_light_tree = True
    c.use_denoising = True
    c.denoiser = "OPENIMAGEDENOISE"
    s.render.threads_mode = "FIXED"
    s.render.threads = int(os.environ.get("ROOM_THREADS", 2))
    s.render.use_persistent_data = True
    s.view_settings.view_transform = "AgX"
    s.view_settings.look = "None"
    s.view_settings.exposure = 0
    if not s.world:
        s.world = bpy.data.worlds.new("w")
    s.world.use_nodes = True
    s.world.node_tree.nodes["Background"].inputs[0].default_value = (0, 0, 0, 1)
    return s


def pack(obs, thin):
    """Fits the UV 1 islands of these objects into one square; thin(object, polygon) says which islands may be smaller."""
    t = time.time()
    for k in bpy.data.objects:
        k.select_set(False)
    for o in obs:
        o.select_set(True)
        o.data.uv_layers["LM"].active = True
        o.data.uv_layers["UVMap"].active_render = True
    bpy.context.view_layer.objects.active = obs[0]
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.select_all(action="SELECT")
    bpy.ops.uv.average_islands_scale()
    bpy.ops.object.mode_set(mode="OBJECT")
    for o in obs:
        if o.name != "static":
            continue
        uv = o.data.uv_layers["LM"].data
        for p in o.data.polygons:
            k = thin(o, p)
            if k != 1:
                for li in p.loop_indices:
                    uv[li].uv *= k
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.uv.pack_islands(rotate=True, rotate_method="CARDINAL", scale=True, margin_method="FRACTION", margin=0.002, shape_method="AABB")
    bpy.ops.object.mode_set(mode="OBJECT")
    au = aw = 0
    for o in obs:
        uv = np.empty(len(o.data.loops) * 2)
        o.data.uv_layers["LM"].data.foreach_get("uv", uv)
        uv = uv.reshape(-1, 2)
        for p in o.data.polygons:
            q = uv[p.loop_start : p.loop_start + p.loop_total]
            au += abs(np.sum(q[:, 0] * np.roll(q[:, 1], -1) - q[:, 1] * np.roll(q[:, 0], -1))) / 2
            aw += p.area
    log(
        f"pack {obs[0].name} {time.time() - t:.1f}s  covers {au:.3f} of the atlas, {aw:.0f} m2, {math.sqrt(au / aw) * 1024:.0f} px/m at 1024"
    )


def hide(room, moving):
    """Nothing that moves may be in a bake of light (a nozzle touching the wall would leave a black hole when it turns away); glass and shadow cards never."""
    for o in bpy.data.objects:
        if o.name == "glass" or o.name in room.SHADOWS:
            o.hide_render = True
        if o.name in room.MOVING:
            o.hide_render = moving


def read_image(img):
    a = np.empty(img.size[0] * img.size[1] * 4, np.float32)
    img.pixels.foreach_get(a)
    return a.reshape(img.size[1], img.size[0], 4)


def denoise(a, path):
    """OIDN through the compositor: an image node, a denoise node, one frame written as EXR."""
    img = bpy.data.images.new("dn_in", a.shape[1], a.shape[0], alpha=True, float_buffer=True)
    img.pixels.foreach_set(a.ravel())
    img.update()
    img.pack()
    s = bpy.data.scenes.new("dn")
    s.render.engine = "CYCLES"
    s.cycles.samples = 1
    s.use_nodes = True
    t = s.node_tree
    t.nodes.clear()
    i = t.nodes.new("CompositorNodeImage")
    i.image = img
    d = t.nodes.new("CompositorNodeDenoise")
    d.prefilter = "NONE"
    d.use_hdr = True
    c = t.nodes.new("CompositorNodeComposite")
    t.links.new(i.outputs[0], d.inputs[0])
    t.links.new(d.outputs[0], c.inputs[0])
    s.render.resolution_x, s.render.resolution_y, s.render.resolution_percentage = a.shape[1], a.shape[0], 100
    cam = bpy.data.objects.new("dncam", bpy.data.cameras.new("dncam"))
    s.collection.objects.link(cam)
    s.camera = cam
    s.render.image_settings.file_format = "OPEN_EXR"
    s.render.image_settings.color_depth = "32"
    s.render.image_settings.exr_codec = "ZIP"
    s.render.filepath = path
    bpy.ops.render.render(write_still=True, scene=s.name)
    out = bpy.data.images.load(path)
    out.colorspace_settings.name = "Non-Color"
    r = read_image(out)
    bpy.data.scenes.remove(s)
    bpy.data.images.remove(img)
    return r


def bake(o, img, spp, margin, kind="DIFFUSE"):
    s = cycles(spp, 5)
    s.cycles.use_denoising = False
    s.cycles.use_adaptive_sampling = False
    s.cycles.sample_clamp_indirect = 4
    obs = o if isinstance(o, list) else [o]
    for m in {m for k in obs for m in k.data.materials}:
        nd = m.node_tree.nodes.get("BAKE") or m.node_tree.nodes.new("ShaderNodeTexImage")
        nd.name = "BAKE"
        nd.image = img
        for k in m.node_tree.nodes:
            k.select = False
        nd.select = True
        m.node_tree.nodes.active = nd
    for k in bpy.data.objects:
        k.select_set(False)
    for k in obs:
        k.select_set(True)
    bpy.context.view_layer.objects.active = obs[0]
    b = s.render.bake
    b.use_pass_direct = b.use_pass_indirect = True
    b.use_pass_color = False
    b.margin = margin
    b.margin_type = "EXTEND"
    b.use_clear = True
    b.target = "IMAGE_TEXTURES"
    bpy.ops.object.bake(type=kind, pass_filter={"DIRECT", "INDIRECT"}, margin=margin, margin_type="EXTEND", use_clear=True, uv_layer="LM")


def dilate(a, known, steps):
    a = a.copy()
    known = known.copy()
    for _ in range(steps):
        if known.all():
            break
        s = np.zeros_like(a)
        c = np.zeros(known.shape, np.float32)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                if not (dx or dy):
                    continue
                k = np.roll(known, (dy, dx), (0, 1))
                s += np.roll(a, (dy, dx), (0, 1)) * k[..., None]
                c += k
        new = ~known & (c > 0)
        a[new] = s[new] / c[new][:, None]
        known |= new
    return a, known


def lightmap(out, room, n, spp):
    hide(room, True)
    t = time.time()
    o = bpy.data.objects["static"]
    o.data.uv_layers["LM"].active = True
    img = bpy.data.images.new("lm", n, n, alpha=False, float_buffer=True)
    img.colorspace_settings.name = "Linear Rec.709"
    bake(o, img, spp, 0)
    a = read_image(img)[..., :3].copy()
    log(f"lightmap {n} {spp} samples {time.time() - t:.1f}s")
    known = a.sum(-1) > 0
    # denoise with the gaps filled, so that no black is smeared into an island's edge; then empty the gaps and grow again
    f, _ = dilate(a, known, 12)
    d = denoise(np.ascontiguousarray(np.concatenate([f, np.ones((n, n, 1), np.float32)], -1)), f"{out}/lm_dn.exr")[..., :3]
    d[~known] = 0
    d, _ = dilate(d, known, 10)
    d = np.maximum(d, 0)
    np.save(f"{out}/lightmap.npy", d.astype(np.float16))
    ktx2.lightmap(d, f"{out}/lightmap.ktx2")
    log(f"  mean {d[known].mean():.3f} max {d.max():.2f}", os.path.getsize(f"{out}/lightmap.ktx2"))


def occlusion(out, room, n, spp):
    """Ambient occlusion within 40 cm for everything that has no lightmap, one atlas."""
    t = time.time()
    hide(room, False)
    obs = [bpy.data.objects[k] for k in room.OCCLUDED]
    cycles(spp)
    bpy.context.scene.world.light_settings.distance = 0.4
    for o in obs:
        o.data.uv_layers["LM"].active = True
    img = bpy.data.images.new("ao", n, n, alpha=False, float_buffer=True)
    img.colorspace_settings.name = "Linear Rec.709"
    bake(obs, img, spp, 0, "AO")
    a = read_image(img)[..., :3].copy()
    known = a.sum(-1) > 0
    f, _ = dilate(a, known, 10)
    d = denoise(np.ascontiguousarray(np.concatenate([f, np.ones((n, n, 1), np.float32)], -1)), f"{out}/ao_dn.exr")[..., :3]
    d, _ = dilate(d * known[..., None], known, 8)
    d = d / (1 - 0.7 * (1 - np.clip(d, 0, 1)))  # light also bounces inside a pale corner
    ktx2.occlusion(d[..., 0], f"{out}/occlusion.ktx2")
    log(f"occlusion {n} {spp} samples {time.time() - t:.1f}s mean {d[known].mean():.2f}", os.path.getsize(f"{out}/occlusion.ktx2"))


def volume(out, room, spp):
    """One bake over 6 x N tiny cards, unseen by rays, each facing an axis: its texel is the ambient cube's value there."""
    t = time.time()
    hide(room, True)
    VOL_MIN, VOL_MAX, VOL_RES = room.VOLUME
    rx, ry, rz = VOL_RES
    W, Hh = rx, ry * 2 * rz * 3
    K = 4
    verts, faces, uvs = [], [], []
    to_b = lambda p: Vector((p[0], -p[2], p[1]))
    e = 0.004
    for z in range(rz):
        for y in range(ry):
            for x in range(rx):
                c = [VOL_MIN[i] + (VOL_MAX[i] - VOL_MIN[i]) * ((x, y, z)[i] + 0.5) / VOL_RES[i] for i in range(3)]
                for ax in range(3):
                    for neg in (0, 1):
                        nrm = [0, 0, 0]
                        nrm[ax] = -1 if neg else 1
                        n = to_b(nrm)
                        u = n.orthogonal().normalized()
                        v = n.cross(u)
                        p = to_b(c) + n * 0.012
                        b = len(verts)
                        verts += [p - u * e - v * e, p + u * e - v * e, p + u * e + v * e, p - u * e + v * e]
                        faces.append([b, b + 1, b + 2, b + 3])
                        # the shader reads the positive side in the lower half of t, the negative side in the upper half
                        row = (z + ax * rz) * (2 * ry) + (y + (ry if neg else 0))
                        m = 0.1
                        uvs += [((x + a) / W, (row + bb) / Hh) for a, bb in ((m, m), (1 - m, m), (1 - m, 1 - m), (m, 1 - m))]
    me = kit.mesh_from(verts, faces, "vol")
    l = me.uv_layers.new(name="LM")
    l.data.foreach_set("uv", np.array(uvs, np.float32).ravel())
    mt = bpy.data.materials.new("volmat")
    mt.use_nodes = True
    mt.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (1, 1, 1, 1)
    mt.node_tree.nodes["Principled BSDF"].inputs["Specular IOR Level"].default_value = 0
    me.materials.append(mt)
    o = bpy.data.objects.new("vol", me)
    bpy.context.scene.collection.objects.link(o)
    o.visible_camera = o.visible_diffuse = o.visible_glossy = o.visible_transmission = o.visible_shadow = (
        False  # volume_scatter stays on: with every ray off Cycles leaves the object out
    )
    img = bpy.data.images.new("vol", W * K, Hh * K, alpha=False, float_buffer=True)
    bake(o, img, spp, 0)
    a = read_image(img)[..., :3]
    a = a.reshape(Hh, K, W, K, 3)[:, 1:3, :, 1:3].mean((1, 3))  # the inner texels
    a = a.reshape(3 * rz, 2 * ry, rx, 3)
    bpy.data.objects.remove(o)
    # inside solids: fill from neighbours
    cube = np.stack([a[ax * rz : (ax + 1) * rz, n * ry : (n + 1) * ry] for ax in range(3) for n in (0, 1)], 0)
    bad = cube.sum((0, -1)) < 1.5  # solids leak a little: 0.08 mean radiance is still inside something
    for _ in range(60):
        if not bad.any():
            break
        s = np.zeros_like(cube)
        cnt = np.zeros(bad.shape, np.float32)
        for d in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
            g = np.roll(~bad, d, (0, 1, 2)).copy()
            sl = [slice(None)] * 3
            k = [i for i in range(3) if d[i]][0]
            sl[k] = 0 if d[k] > 0 else -1
            g[tuple(sl)] = False
            s += np.roll(cube, d, (1, 2, 3)) * g[None, ..., None]
            cnt += g
        new = bad & (cnt > 0)
        cube[:, new] = s[:, new] / cnt[new][None, :, None]
        bad &= ~new
    i = 0
    for ax in range(3):
        for n in (0, 1):
            a[ax * rz : (ax + 1) * rz, n * ry : (n + 1) * ry] = cube[i]
            i += 1
    np.save(f"{out}/volume.npy", a)
    ktx2.volume(a, f"{out}/volume.ktx2")
    log(f"volume {VOL_RES} {spp}spp {time.time() - t:.1f}s mean {a.mean():.3f} max {a.max():.2f}")


def probe(out, room, spp, w=1024):
    """Panorama from the middle of the room's box, as parallax correction assumes; prefiltered into two cube maps."""
    t = time.time()
    s = cycles(spp)
    hide(room, False)
    (ax, ay, az), (bx, by, bz) = room.PROBE
    cam = bpy.data.objects.new("pano", bpy.data.cameras.new("pano"))
    s.collection.objects.link(cam)
    cam.location = ((ax + bx) / 2, -(az + bz) / 2, (ay + by) / 2)
    cam.rotation_euler = (math.pi / 2, 0, 0)
    cam.data.type = "PANO"
    cam.data.panorama_type = "EQUIRECTANGULAR"
    cam.data.clip_start = 0.02
    for n in ("link1", "link2", "wrist", "top"):
        bpy.data.objects[n].hide_render = True
    s.camera = cam
    s.render.resolution_x, s.render.resolution_y, s.render.resolution_percentage = w, w // 2, 100
    s.render.image_settings.file_format = "OPEN_EXR"
    s.render.image_settings.color_depth = "32"
    s.render.filepath = f"{out}/pano.exr"
    bpy.ops.render.render(write_still=True)
    img = bpy.data.images.load(f"{out}/pano.exr")
    img.colorspace_settings.name = "Non-Color"
    a = read_image(img)[::-1, :, :3].copy()
    ktx2.probe(a, f"{out}/specular.ktx2", f"{out}/diffuse.ktx2")
    log(f"probe {spp} samples {time.time() - t:.1f}s mean {a.mean():.3f}", os.path.getsize(f"{out}/specular.ktx2"))


def truth(out, room, spp, percent, only=None):
    """The views as Cycles sees them, through AgX, to judge by eye."""
    s = cycles(spp)
    hide(room, False)
    s.view_settings.view_transform = "Khronos PBR Neutral"
    s.view_settings.exposure = -0.25
    sky = [(m, m.node_tree.nodes["Principled BSDF"].inputs["Emission Strength"]) for m in bpy.data.materials if m.name in ("sky", "view")]
    was = [i.default_value for _, i in sky]
    for _, i in sky:
        i.default_value = 0.95
    for n in room.VIEWS:
        if only and n not in only:
            continue
        t = time.time()
        s.camera = bpy.data.objects["cam_" + n]
        s.render.resolution_x, s.render.resolution_y, s.render.resolution_percentage = 1600, 1000, percent
        s.render.image_settings.file_format = "PNG"
        s.render.image_settings.color_depth = "8"
        s.render.filepath = f"{out}/truth_{n}.png"
        bpy.ops.render.render(write_still=True)
        log(f"truth {n} {time.time() - t:.1f}s")
    for (_, i), v in zip(sky, was):
        i.default_value = v


def facing(o, eyes):
    """Ray test: which faces are in view of an eye and turn their back to it?"""
    for other in bpy.data.objects:
        other.hide_viewport = other.name == "glass" or other.name.startswith("shadow")
    graph = bpy.context.evaluated_depsgraph_get()
    bad, worst = {}, {}
    for p in o.data.polygons:
        c = o.matrix_world @ p.center
        m = o.data.materials[p.material_index].name
        for e in map(Vector, eyes):
            d = c - e
            if (
                d.normalized().dot(p.normal) > 0.05
                and not bpy.context.scene.ray_cast(graph, e, d.normalized(), distance=d.length - 0.003)[0]
            ):
                bad[m] = bad.get(m, 0) + p.area
                worst.setdefault(m, []).append((round(p.area, 3), tuple(round(v, 2) for v in c)))
                break
    for m, a in bad.items():
        log(f"{o.name} {m}: {a:.3f} m2 seen from behind, most at {sorted(worst[m])[-3:]}")
