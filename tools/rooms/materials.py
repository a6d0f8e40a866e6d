"""The room's materials in Blender: painted (palette), textured with normal and roughness pictures, lit, glass, shadow."""

import bpy
import palette

# name: base colour (linear, or a picture), roughness (number, or a picture with G = roughness), metallic, normal picture and its strength
SURFACES = {
    "wall": ((0.80, 0.778, 0.745), 0.62, 0, ("roller_n.jpg", 0.3)),
    "wall_mist": ((0.40, 0.50, 0.465), 0.60, 0, ("roller_n.jpg", 0.3)),
    "wall_sage": ((0.50, 0.57, 0.52), 0.62, 0, ("roller_n.jpg", 0.3)),
    "oak": ("oak.jpg", 0.48, 0, ("oak_n.jpg", 0.35)),
    "vinyl": ("vinyl.jpg", "vinyl_rm.jpg", 0, ("vinyl_n.jpg", 0.09)),
    "ceiling": ("ceiling.jpg", 0.92, 0, None),
    "carbon": ("carbon.jpg", 0.33, 0, None),
    "fabric": ("fabric.jpg", 0.78, 0, ("fabric_n.jpg", 0.6)),
    "blanket": ("blanket.jpg", 0.92, 0, ("blanket_n.jpg", 0.8)),
    "mask": ("mask.png", 0.5, 0, None),
    "signs": ("signs.jpg", 0.5, 0, None),
}
# name: base colour, emission (colour or picture), strength in room units (radiance)
LIGHTS = {
    "led": ((0.9, 0.9, 0.9), (1, 0.955, 0.89), 9.5),
    "cove": ((0.9, 0.9, 0.9), (1, 0.90, 0.78), 16.0),
    "ring": ((0.9, 0.9, 0.9), (1, 0.95, 0.88), 5.0),
    "sky": ("sky.jpg", "sky.jpg", 2.6),
    "view": ("view.jpg", "view.jpg", 3.2),
    "screen": ("screens.jpg", "screens.jpg", 0.9),
    "status": ((0.1, 0.4, 0.3), (0.30, 0.92, 0.62), 2.0),
}


def picture(tree, folder, file, data=False):
    im = bpy.data.images.get(file) or bpy.data.images.load(f"{folder}/{file}")
    if data:
        im.colorspace_settings.name = "Non-Color"
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = im
    uv = tree.nodes.new("ShaderNodeUVMap")
    uv.uv_map = "UVMap"
    tree.links.new(uv.outputs[0], node.inputs[0])
    return node


def new(name, culled=True):
    m = bpy.data.materials.new(name)
    m.use_nodes = True
    m.use_backface_culling = culled
    return m.node_tree, m.node_tree.nodes["Principled BSDF"], m


def roughness_metallic(tree, bsdf, folder, file, metallic):
    split = tree.nodes.new("ShaderNodeSeparateColor")
    tree.links.new(picture(tree, folder, file, True).outputs[0], split.inputs[0])
    tree.links.new(split.outputs[1], bsdf.inputs["Roughness"])
    if metallic:
        tree.links.new(split.outputs[2], bsdf.inputs["Metallic"])


def colour(tree, bsdf, folder, value):
    if isinstance(value, str):
        node = picture(tree, folder, value)
        tree.links.new(node.outputs["Color"], bsdf.inputs["Base Color"])
        return node
    bsdf.inputs["Base Color"].default_value = (*value, 1)


def materials(folder):
    """Makes them all; `folder` holds the pictures."""
    for name, (base, rough, metal, bump) in SURFACES.items():
        tree, bsdf, _ = new(name, culled=name != "mask")
        node = colour(tree, bsdf, folder, base)
        bsdf.inputs["Metallic"].default_value = metal
        if isinstance(rough, str):
            roughness_metallic(tree, bsdf, folder, rough, False)
        else:
            bsdf.inputs["Roughness"].default_value = rough
        if bump:
            nm = tree.nodes.new("ShaderNodeNormalMap")
            nm.uv_map = "UVMap"
            nm.inputs["Strength"].default_value = bump[1]
            tree.links.new(picture(tree, folder, bump[0], True).outputs[0], nm.inputs["Color"])
            tree.links.new(nm.outputs[0], bsdf.inputs["Normal"])
        if name == "mask":
            cut = tree.nodes.new("ShaderNodeMath")
            cut.operation = "GREATER_THAN"
            cut.inputs[1].default_value = 0.5
            tree.links.new(node.outputs["Alpha"], cut.inputs[0])
            tree.links.new(cut.outputs[0], bsdf.inputs["Alpha"])
    tree, bsdf, _ = new(palette.MATERIAL)
    colour(tree, bsdf, folder, "palette.png")
    roughness_metallic(tree, bsdf, folder, "palette_rm.png", True)
    for node in tree.nodes:
        if node.type == "TEX_IMAGE":
            node.interpolation = "Closest"
    for name, (base, light, strength) in LIGHTS.items():
        tree, bsdf, _ = new(name)
        node = colour(tree, bsdf, folder, base)
        bsdf.inputs["Roughness"].default_value = 0.4
        if isinstance(light, str):
            tree.links.new(node.outputs["Color"], bsdf.inputs["Emission Color"])
        else:
            bsdf.inputs["Emission Color"].default_value = (*light, 1)
        bsdf.inputs["Emission Strength"].default_value = strength
    tree, bsdf, _ = new("gelclear")
    colour(tree, bsdf, folder, (0.55, 0.70, 0.75))
    bsdf.inputs["Roughness"].default_value = 0.1
    tree, bsdf, m = new("shadow")
    node = picture(tree, folder, "shadow.png")
    bsdf.inputs["Base Color"].default_value = (0, 0, 0, 1)
    bsdf.inputs["Roughness"].default_value = 1
    bsdf.inputs["Specular IOR Level"].default_value = 0
    tree.links.new(node.outputs["Alpha"], bsdf.inputs["Alpha"])


def bumps(on):
    """Normal pictures off while light is baked (they are finer than the lightmap and would only add noise), on again afterwards."""
    for m in bpy.data.materials:
        for node in m.node_tree.nodes if m.node_tree else ():
            if node.type == "NORMAL_MAP":
                if "was" not in node:
                    node["was"] = node.inputs["Strength"].default_value
                node.inputs["Strength"].default_value = node["was"] if on else 0
