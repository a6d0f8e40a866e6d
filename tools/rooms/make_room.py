"""python make_room.py ROOM STAGE...   makes a room's files from code: see README.md.

Stages: build · export · bake N SPP · volume SPP · ao N SPP · probe SPP · truth SPP PERCENT [only_NAME,...] · check · install DIR · release DIR (all of it).
ROOM_OUT says where working files go (default: a folder beside the system's temporary files)."""

import importlib, json, math, os, shutil, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import bpy
from mathutils import Vector
import bake, machine, materials, textures
from bake import log

FILES = ("room.glb", "lightmap.ktx2", "volume.ktx2", "occlusion.ktx2", "specular.ktx2", "diffuse.ktx2", "machine.json")


class Maker:
    def __init__(self, name):
        self.name = name
        self.room = importlib.import_module(name)
        self.out = os.path.abspath(os.environ.get("ROOM_OUT", os.path.join(tempfile.gettempdir(), "rooms", name)))
        os.makedirs(self.out, exist_ok=True)
        self.blend = f"{self.out}/room.blend"

    def build(self):
        r = self.room
        textures.all_textures(f"{self.out}/pictures")
        nodes = r.build(f"{self.out}/pictures")
        bake.pack([nodes["static"]], r.thin)
        bake.pack([nodes[n] for n in r.OCCLUDED], r.thin)
        total = calls = 0
        for n, o in nodes.items():
            o.data.calc_loop_triangles()
            t = len(o.data.loop_triangles)
            used = {p.material_index for p in o.data.polygons}
            if n != "bake_only":
                total += t
                calls += len(used)
            log(f"  {n:14s} {t:7d} triangles {len(used)} draws: {' '.join(o.data.materials[i].name for i in sorted(used))}")
        log("triangles", total, "draw calls at most", calls)
        bake.cycles(32)
        for i, (at, (w, d), radiance) in enumerate(r.FILL):
            lamp = bpy.data.objects.new(f"fill{i}", bpy.data.lights.new(f"fill{i}", "AREA"))
            bpy.context.scene.collection.objects.link(lamp)
            lamp.data.shape = "RECTANGLE"
            lamp.data.size, lamp.data.size_y = w, d
            lamp.location = at
            lamp.rotation_euler = (math.pi, 0, 0)
            lamp.data.energy = radiance * math.pi * w * d
            lamp.visible_camera = lamp.visible_glossy = False
        for n, (eye, at, fov) in r.VIEWS.items():
            cam = bpy.data.objects.new("cam_" + n, bpy.data.cameras.new("cam_" + n))
            bpy.context.scene.collection.objects.link(cam)
            cam.location = eye
            cam.rotation_euler = (Vector(at) - Vector(eye)).to_track_quat("-Z", "Y").to_euler()
            cam.data.angle = math.radians(fov)
            cam.data.clip_start = 0.02
        bpy.ops.wm.save_as_mainfile(filepath=self.blend, compress=True)

    def export(self):
        """room.glb (UV 1 only where a lightmap or the occlusion atlas is read) and machine.json."""
        for o in bpy.data.objects:
            o.select_set(o.type == "MESH" and o.name != "bake_only")
            if o.type == "MESH" and o.name != "static" and o.name not in self.room.OCCLUDED and "LM" in o.data.uv_layers:
                o.data.uv_layers.remove(o.data.uv_layers["LM"])
        for m in bpy.data.materials:
            if m.node_tree and m.node_tree.nodes.get("BAKE"):
                m.node_tree.nodes.remove(m.node_tree.nodes["BAKE"])
        bpy.data.objects["static"].data.uv_layers["UVMap"].active = True
        bpy.ops.export_scene.gltf(
            filepath=f"{self.out}/room.glb",
            export_format="GLB",
            use_selection=True,
            export_yup=True,
            export_apply=False,
            export_tangents=False,
            export_image_format="AUTO",
            export_cameras=False,
            export_lights=False,
            export_animations=False,
            export_extras=False,
        )
        with open(f"{self.out}/machine.json", "w") as f:
            json.dump(machine.describe(self.room), f, indent=1, ensure_ascii=False)
            f.write("\n")
        log("room.glb", os.path.getsize(f"{self.out}/room.glb"))

    def bake(self, n=1024, spp=12):
        materials.bumps(False)
        bake.lightmap(self.out, self.room, n, spp)
        materials.bumps(True)

    def volume(self, spp=24):
        bake.volume(self.out, self.room, spp)

    def ao(self, n=1024, spp=24):
        materials.bumps(False)
        bake.occlusion(self.out, self.room, n, spp)
        materials.bumps(True)

    def probe(self, spp=24):
        bake.probe(self.out, self.room, spp)

    def truth(self, spp=16, percent=50, only=None):
        bake.truth(self.out, self.room, spp, percent, only)

    def check(self):
        """Faces that look away from whoever stands in the rooms: square metres by material, and where."""
        for n in ("static", "detail", "emit"):
            bake.facing(bpy.data.objects[n], self.room.STANDING)

    def install(self, folder):
        for f in FILES:
            if os.path.exists(f"{self.out}/{f}"):
                shutil.copyfile(f"{self.out}/{f}", f"{folder}/{f}")
                log(f, os.path.getsize(f"{folder}/{f}"))

    def release(self, folder):
        self.build()
        self.export()
        self.bake(2048, 32)
        self.volume(48)
        self.ao(1024, 32)
        self.probe(32)
        self.install(folder)


def main(argv):
    maker = Maker(argv.pop(0))
    if argv[0] not in ("build", "release", "install"):
        bpy.ops.wm.open_mainfile(filepath=maker.blend)
    while argv:
        stage, args = argv.pop(0), []
        while argv and (argv[0].isdigit() or argv[0].startswith("only_") or (stage in ("install", "release") and not args)):
            a = argv.pop(0)
            args.append(int(a) if a.isdigit() else a[5:].split(",") if a.startswith("only_") else a)
        getattr(maker, stage)(*args)


if __name__ == "__main__":
    main(sys.argv[1:])
