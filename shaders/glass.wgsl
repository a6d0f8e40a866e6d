// Frosted glass: a veil seen face on, a bright rim where the surface turns away. Drawn premultiplied, so the rim adds light.
#import bevy_pbr::forward_io::VertexOutput
#import bevy_pbr::mesh_view_bindings::view

struct Glass {
    body: vec4<f32>,   // linear colour, alpha = veil seen face on
    rim: vec4<f32>,    // linear colour, alpha = strength
    shape: vec4<f32>,  // x: rim exponent, y: share of soft light from above, z: fade 0..1, w: extra veil at the rim
};
@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> glass: Glass;

@fragment
fn fragment(in: VertexOutput, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    var n = normalize(in.world_normal);
    if !front { n = -n; }
    let v = normalize(view.world_position - in.world_position.xyz);
    let facing = clamp(dot(n, v), 0.0, 1.0);
    let edge = pow(1.0 - facing, glass.shape.x);
    // light comes from the ceiling: undersides are darker, never black
    let sky = mix(1.0, 0.5 + 0.5 * n.y, glass.shape.y);
    let veil = clamp(glass.body.a + glass.shape.w * edge, 0.0, 1.0);
    let colour = glass.body.rgb * veil * sky + glass.rim.rgb * glass.rim.a * edge * (0.55 + 0.45 * sky);
    let alpha = clamp(veil + 0.5 * glass.rim.a * edge, 0.0, 1.0);
    return vec4(colour, alpha) * glass.shape.z;
}
