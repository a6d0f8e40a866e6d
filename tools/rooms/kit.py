"""Small modelling kit on bpy: bevelled boxes, prisms, revolves, lofts, tubes and swept bands, each with two UV sets.

UV 0 ("UVMap") is in metres / texture size. UV 1 ("LM") is in metres, one island per chart, packed later.
Blender is Z up; glTF export turns (x, y, z) into (x, z, -y), which is the project's room frame (gantry at -Z).
"""

import math
import bpy
import bmesh
from mathutils import Matrix, Vector
import palette

# metres that one repeat of a material's picture covers
TEX_M = {
    "oak": 1.2,
    "vinyl": 1.5,
    "wall": 0.6,
    "wall_mist": 0.6,
    "wall_sage": 0.6,
    "ceiling": 0.6,
    "fabric": 0.3,
    "carbon": 0.10,
    "mask": 0.088,
    "blanket": 0.25,
}
GROUPS = {}  # group name -> list of objects


def material(name):
    return bpy.data.materials[palette.MATERIAL if name in palette.COLOURS else name]


def paint_uv(me, slot, name):
    """All faces of a plain colour look at the middle of its cell in the palette: one draw call for all of them."""
    u, v = palette.cell(name)
    uv = me.uv_layers["UVMap"].data
    for p in me.polygons:
        if p.material_index == slot:
            for li in p.loop_indices:
                uv[li].uv = (u, v)


def finish(name, me, mats, group, lm="box", sharp=None, weighted=False, uv0=None):
    """Registers the mesh: shading, UV 0 by box projection unless given, UV 1 by charts."""
    for m in mats:
        me.materials.append(material(m))
    ob = bpy.data.objects.new(name, me)
    bpy.context.scene.collection.objects.link(ob)
    me.polygons.foreach_set("use_smooth", [sharp is not None or weighted] * len(me.polygons))
    if sharp is not None:
        me.set_sharp_from_angle(angle=math.radians(sharp))
    if "UVMap" not in me.uv_layers:
        me.uv_layers.new(name="UVMap")
        box_uv(me)
    if "LM" not in me.uv_layers:
        me.uv_layers.new(name="LM")
        chart_uv(me)
    for slot, m in enumerate(mats):
        if m in palette.COLOURS:
            paint_uv(me, slot, m)
    if weighted:
        ob.modifiers.new("wn", "WEIGHTED_NORMAL").keep_sharp = True
        bpy.context.view_layer.objects.active = ob
        with bpy.context.temp_override(object=ob, active_object=ob, selected_objects=[ob]):
            bpy.ops.object.modifier_apply(modifier="wn")
    GROUPS.setdefault(group, []).append(ob)
    return ob


def axis_of(n):
    a = max(range(3), key=lambda k: abs(n[k]) + (0.001 if k == 2 else 0))
    return a, n[a] < 0


def box_uv(me):
    uv = me.uv_layers["UVMap"].data
    for p in me.polygons:
        m = me.materials[p.material_index].name if me.materials else ""
        s = TEX_M.get(m, 1.0)
        a, neg = axis_of(p.normal)
        for li in p.loop_indices:
            c = me.vertices[me.loops[li].vertex_index].co
            u, v = ((c.y, c.z), (c.x, c.z), (c.x, c.y))[a]
            uv[li].uv = (u / s, v / s)


def chart_uv(me):
    """Six flat charts (one per signed axis), in metres, laid apart."""
    uv = me.uv_layers["LM"].data
    lo = Vector([min(v.co[k] for v in me.vertices) for k in range(3)])
    hi = Vector([max(v.co[k] for v in me.vertices) for k in range(3)])
    step = max(hi - lo) * 1.5 + 0.1
    for p in me.polygons:
        a, neg = axis_of(p.normal)
        k = a * 2 + neg
        for li in p.loop_indices:
            c = me.vertices[me.loops[li].vertex_index].co - lo
            u, v = ((c.y, c.z), (c.x, c.z), (c.x, c.y))[a]
            uv[li].uv = (u + k * step, v)


def mesh_from(verts, faces, name="m"):
    me = bpy.data.meshes.new(name)
    me.from_pydata([tuple(v) for v in verts], [], faces)
    me.update()
    return me


def box(name, size, at, mat, group="static", bevel=0.004, segs=2, omit="", M=None):
    """Centre `at`, full `size`. omit: faces left out, e.g. "-z" (standing on the floor) or "-z+x"."""
    bm = bmesh.new()
    bmesh.ops.create_cube(bm, size=1.0)
    for v in bm.verts:
        v.co = Vector((v.co.x * size[0], v.co.y * size[1], v.co.z * size[2]))
    if omit:
        dirs = [(omit[i], "xyz".index(omit[i + 1])) for i in range(0, len(omit), 2)]
        kill = [f for f in bm.faces if any((f.normal[a] > 0.9) if s == "+" else (f.normal[a] < -0.9) for s, a in dirs)]
        bmesh.ops.delete(bm, geom=kill, context="FACES")
    b = min(bevel, min(size) * 0.45)
    if min(size) < (0.04 if group == "detail" else 0.02 if group != "static" else 0):
        segs = 1
    if b > 0:
        bmesh.ops.bevel(
            bm,
            geom=[e for e in bm.edges if len(e.link_faces) == 2],
            offset=b,
            segments=segs,
            profile=0.5,
            affect="EDGES",
            clamp_overlap=True,
        )
    T = Matrix.Translation(Vector(at))
    bm.transform(M @ T if M is not None else T)
    me = bpy.data.meshes.new(name)
    bm.to_mesh(me)
    bm.free()
    return finish(name, me, [mat], group, weighted=True)


def prism(name, poly, z0, z1, mat, group="static", bevel=0.004, segs=2, M=None, sharp=None):
    """Polygon in x, y (counter-clockwise) pulled from z0 to z1 and bevelled on its two rims and hard corners."""
    bm = bmesh.new()
    vs = [bm.verts.new((x, y, z0)) for x, y in poly]
    f = bm.faces.new(vs)
    r = bmesh.ops.extrude_face_region(bm, geom=[f])
    top = [v for v in r["geom"] if isinstance(v, bmesh.types.BMVert)]
    for v in top:
        v.co.z = z1
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    if bevel > 0:
        es = [e for e in bm.edges if len(e.link_faces) == 2 and e.link_faces[0].normal.angle(e.link_faces[1].normal) > math.radians(35)]
        bmesh.ops.bevel(bm, geom=es, offset=bevel, segments=segs, profile=0.5, affect="EDGES", clamp_overlap=True)
    if M is not None:
        bm.transform(M)
    me = bpy.data.meshes.new(name)
    bm.to_mesh(me)
    bm.free()
    return finish(name, me, [mat], group, weighted=True, sharp=sharp)


def rounded(w, h, r, n=8, cx=0, cy=0):
    """Rounded rectangle as a polygon, counter-clockwise."""
    out = []
    for sx, sy, a0 in ((1, 1, 0), (-1, 1, 90), (-1, -1, 180), (1, -1, 270)):
        for k in range(n + 1):
            a = math.radians(a0 + 90 * k / n)
            out.append((cx + sx * (w / 2 - r) + r * math.cos(a), cy + sy * (h / 2 - r) + r * math.sin(a)))
    return out


def stadium(ax, ay, bx, by, ra, rb, n=20):
    """Outline of two circles and their hull."""
    th = math.atan2(by - ay, bx - ax)
    d = math.hypot(bx - ax, by - ay)
    off = math.acos(max(-1, min(1, (ra - rb) / d)))
    out = []
    for k in range(n + 1):
        a = th - off + (2 * off) * k / n
        out.append((bx + rb * math.cos(a), by + rb * math.sin(a)))
    for k in range(n + 1):
        a = th + off + (2 * math.pi - 2 * off) * k / n
        out.append((ax + ra * math.cos(a), ay + ra * math.sin(a)))
    return out


def grid_mesh(rows, mat, name, group, closed_u=False, uvm=None, sharp=30, flip=False, caps=()):
    """rows: list of equally long point lists. UV 1 = arc lengths; a seam where it closes."""
    nr, nc = len(rows), len(rows[0])
    cols = nc + 1 if closed_u else nc
    verts = [Vector(p) for r in rows for p in r]
    faces, fuv = [], []

    def acc(pts):
        s = [0.0]
        for a, b in zip(pts, pts[1:]):
            s.append(s[-1] + (Vector(b) - Vector(a)).length)
        return s

    us = [acc(list(r) + ([r[0]] if closed_u else [])) for r in rows]
    um = [max(u[k] for u in us) for k in range(cols)]
    vs = [acc([rows[j][k % nc] for j in range(nr)]) for k in range(cols)]
    for j in range(nr - 1):
        for k in range(cols - 1):
            a, b = j * nc + k, j * nc + (k + 1) % nc
            c, d = (j + 1) * nc + (k + 1) % nc, (j + 1) * nc + k
            q = [(a, (um[k], vs[k][j])), (b, (um[k + 1], vs[k + 1][j])), (c, (um[k + 1], vs[k + 1][j + 1])), (d, (um[k], vs[k][j + 1]))]
            if (verts[a] - verts[d]).length < 1e-7:
                q = q[:3]
            elif (verts[a] - verts[b]).length < 6e-5:
                q = [q[0], q[2], q[3]]  # a pole: one triangle, not two
            elif (verts[c] - verts[d]).length < 6e-5:
                q = q[:3]
            if flip:
                q = q[::-1]
            faces.append([i for i, _ in q])
            fuv.append([t for _, t in q])
    me = mesh_from(verts, faces, name)
    l = me.uv_layers.new(name="UVMap")
    s = TEX_M.get(mat, 1.0)
    l2 = me.uv_layers.new(name="LM")
    i = 0
    for t in fuv:
        for u, v in t:
            l.data[i].uv = (u / s, v / s)
            l2.data[i].uv = (u, v)
            i += 1
    obs = [finish(name, me, [mat], group, sharp=sharp)]
    for j, fl in caps:
        pts = rows[j]
        me2 = mesh_from(pts, [list(range(nc))[::-1] if fl else list(range(nc))], name + "_cap")
        obs.append(finish(name + "_cap", me2, [mat], group))
    return obs[0]


def revolve(name, profile, mat, M=None, group="static", segs=64, sharp=35, a0=0, a1=360):
    """profile: (r, z) from bottom to top, outside to the right."""
    full = abs(a1 - a0) >= 360
    n = segs if full else segs + 1
    M = M or Matrix.Identity(4)
    rows = [
        [
            M @ Vector((r * math.cos(math.radians(a0 + (a1 - a0) * k / segs)), r * math.sin(math.radians(a0 + (a1 - a0) * k / segs)), z))
            for k in range(n)
        ]
        for r, z in profile
    ]
    return grid_mesh(rows, mat, name, group, closed_u=full, sharp=sharp)


def disc(name, r, at, normal, mat, group="static", segs=48):
    q = Vector(normal).to_track_quat("Z", "Y").to_matrix().to_4x4()
    pts = [Vector(at) + q @ Vector((r * math.cos(2 * math.pi * k / segs), r * math.sin(2 * math.pi * k / segs), 0)) for k in range(segs)]
    return finish(name, mesh_from(pts, [list(range(segs))], name), [mat], group)


def cyl(name, r, a, b, mat, group="static", bevel=0.003, segs=None):
    """Solid cylinder from a to b with rounded rims and both caps."""
    if segs is None:
        segs = 10 if r < 0.012 else 14 if r < 0.03 else 24 if r < 0.07 else 40
    a, b = Vector(a), Vector(b)
    d = b - a
    h = d.length
    M = Matrix.Translation(a) @ d.to_track_quat("Z", "Y").to_matrix().to_4x4()
    e = min(bevel, r * 0.45, h * 0.45)
    c = e * 0.293
    if r < 0.05 and group != "static":
        return revolve(name, [(0, 0), (r, 0), (r, h - e), (r - e, h), (0, h)], mat, M, group, segs, sharp=50)
    prof = [(0, 0), (r - e, 0), (r - c, c), (r, e), (r, h - e), (r - c, h - c), (r - e, h), (0, h)]
    return revolve(name, prof, mat, M, group, segs, sharp=50)


def tube(name, pts, r, mat, group="static", segs=None, smooth=4):
    """Round bar through points, corners rounded by a Catmull-Rom pass."""
    P = [Vector(p) for p in pts]
    if segs is None:
        segs = 6 if r < 0.008 else 10
    if smooth and len(P) > 2:
        Q = [P[0]]
        for i in range(len(P) - 1):
            p0, p1, p2, p3 = P[max(i - 1, 0)], P[i], P[i + 1], P[min(i + 2, len(P) - 1)]
            for k in range(1, smooth + 1):
                t = k / smooth
                Q.append(0.5 * ((2 * p1) + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t * t + (3 * p1 - p0 - 3 * p2 + p3) * t**3))
        P = Q
    rows = []
    up = Vector((0, 0, 1))
    prev = None
    for i, p in enumerate(P):
        t = (P[min(i + 1, len(P) - 1)] - P[max(i - 1, 0)]).normalized()
        if prev is None:
            x = t.cross(up) if abs(t.dot(up)) < 0.95 else t.cross(Vector((1, 0, 0)))
        else:
            x = prev - t * prev.dot(t)
        x.normalize()
        prev = x
        y = t.cross(x)
        rows.append([p + (x * math.cos(2 * math.pi * k / segs) + y * math.sin(2 * math.pi * k / segs)) * r for k in range(segs)])
    return grid_mesh(rows, mat, name, group, closed_u=True, sharp=60, caps=((0, True), (len(rows) - 1, False)))


def band(name, path, profile, mat, group="static", sharp=30, flip=False):
    """path: (x, y, nx, ny) with the inward normal; profile: (inward offset, z) from bottom to top."""
    rows = [[Vector((x + nx * o, y + ny * o, z)) for x, y, nx, ny in path] for o, z in profile]
    return grid_mesh(rows, mat, name, group, sharp=sharp, flip=not flip)


def line(x0, y0, x1, y1, nx, ny):
    return [(x0, y0, nx, ny), (x1, y1, nx, ny)]


def arc(cx, cy, r, a0, a1, n=14):
    """Inward normal points to the centre."""
    return [
        (cx + r * math.cos(a), cy + r * math.sin(a), -math.cos(a), -math.sin(a))
        for a in [math.radians(a0 + (a1 - a0) * k / n) for k in range(n + 1)]
    ]


def quad(name, at, ux, uy, w, h, mat, group="detail", rect=None, lm=True, atlas=(2048, 2048)):
    """Flat card, centre at, axes ux (right), uy (up); rect = pixels in the sign atlas."""
    at, ux, uy = Vector(at), Vector(ux).normalized(), Vector(uy).normalized()
    v = [at - ux * w / 2 - uy * h / 2, at + ux * w / 2 - uy * h / 2, at + ux * w / 2 + uy * h / 2, at - ux * w / 2 + uy * h / 2]
    me = mesh_from(v, [[0, 1, 2, 3]], name)
    l = me.uv_layers.new(name="UVMap")
    if rect:
        x, y, ww, hh = rect
        W, H = atlas
        x0, x1 = (x + 1) / W, (x + ww - 1) / W
        y0, y1 = 1 - (y + hh - 1) / H, 1 - (y + 1) / H
        c = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    else:
        c = [(0, 0), (1, 0), (1, 1), (0, 1)]
    for i, t in enumerate(c):
        l.data[i].uv = t
    return finish(name, me, [mat], group)


def join(group, name, origin=(0, 0, 0)):
    """All of a group into one object whose origin is the pivot."""
    obs = GROUPS.get(group, [])
    if not obs:
        return None
    for o in obs:  # glTF and the bake want one order of UV layers everywhere
        assert [l.name for l in o.data.uv_layers] == ["UVMap", "LM"], (o.name, [l.name for l in o.data.uv_layers])
    with bpy.context.temp_override(active_object=obs[0], object=obs[0], selected_objects=obs, selected_editable_objects=obs):
        bpy.ops.object.join()
    o = obs[0]
    old = bpy.data.meshes.get(name)
    if old and old is not o.data:
        old.name = name + "_part"  # else Blender calls ours "name.001", and Bevy sees that
    o.name = name
    o.data.name = name
    o.data.transform(Matrix.Translation(-Vector(origin)))
    o.location = Vector(origin)
    GROUPS[group] = [o]
    return o


def face(name, corners, mat, group="static"):
    """One flat polygon; seen from the side from which its corners run counter-clockwise."""
    return finish(name, mesh_from([Vector(v) for v in corners], [list(range(len(corners)))], name), [mat], group)


def upward(me):
    """Turn every face to look up."""
    for p in me.polygons:
        if p.normal.z < 0:
            p.flip()
    return me


def shell_room(name, a, b, mats, open_faces=(), group="static"):
    """The inside of a box from corner a to corner b; mats by side ("-x" ... "+z"), `wall` where not said."""
    (ax, ay, az), (bx, by, bz) = a, b
    sides = {
        "-x": [(ax, ay, az), (ax, by, az), (ax, by, bz), (ax, ay, bz)],
        "+x": [(bx, by, az), (bx, ay, az), (bx, ay, bz), (bx, by, bz)],
        "-y": [(bx, ay, az), (ax, ay, az), (ax, ay, bz), (bx, ay, bz)],
        "+y": [(ax, by, az), (bx, by, az), (bx, by, bz), (ax, by, bz)],
        "-z": [(ax, ay, az), (bx, ay, az), (bx, by, az), (ax, by, az)],
        "+z": [(ax, ay, bz), (ax, by, bz), (bx, by, bz), (bx, ay, bz)],
    }
    for k, q in sides.items():
        if k not in open_faces:
            face(name + k, q, mats.get(k, "wall"), group)


def atlas_disc(me, rect, u, v, size, atlas=(2048, 2048)):
    """Lays a sign over a disc: u(co), v(co) run 0..1 over the sign."""
    x, y, w, h = rect
    uv = me.uv_layers["UVMap"]
    for p in me.polygons:
        for li in p.loop_indices:
            c = me.vertices[me.loops[li].vertex_index].co
            uv.data[li].uv = ((x + u(c) * w) / atlas[0], 1 - (y + (1 - v(c)) * h) / atlas[1])
