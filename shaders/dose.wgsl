// Dose as light in a box: marched from the eye, trilinear, jittered by a noise that is fixed in the world (both eyes see the same),
// front to back, premultiplied. The box is the unit cube of the dose grid; texel centres are voxel centres.
#import bevy_pbr::mesh_functions
#import bevy_pbr::mesh_view_bindings::view
#import bevy_pbr::view_transformations::position_world_to_clip

struct Dose {
    // rgb of five stops, low to high; w of the first: value below which nothing is drawn, second: opacity per metre at 1, third: fade 0..1
    ramp: array<vec4<f32>, 5>,
    // size of the box in metres; w: number of steps
    size: vec4<f32>,
};
@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> dose: Dose;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var volume: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var volume_sampler: sampler;

struct Corner {
    @builtin(instance_index) instance_index: u32,
    @location(0) position: vec3<f32>,
};
struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) local: vec3<f32>,
    @location(2) eye: vec3<f32>,
};

@vertex
fn vertex(in: Corner) -> Out {
    var out: Out;
    let world_from_local = mesh_functions::get_world_from_local(in.instance_index);
    let world = world_from_local * vec4(in.position, 1.0);
    out.world = world.xyz;
    out.clip = position_world_to_clip(world.xyz);
    out.local = in.position;
    out.eye = (mesh_functions::get_local_from_world(in.instance_index) * vec4(view.world_position, 1.0)).xyz;
    return out;
}

fn colour(x: f32) -> vec3<f32> {
    let t = clamp(x, 0.0, 1.0) * 4.0;
    let i = min(u32(t), 3u);
    return mix(dose.ramp[i].rgb, dose.ramp[i + 1u].rgb, t - f32(i));
}

fn noise(p: vec3<f32>) -> f32 {
    let q = floor(p * 700.0);
    return fract(sin(dot(q, vec3(12.9898, 78.233, 37.719))) * 43758.5453);
}

@fragment
fn fragment(in: Out, @builtin(front_facing) front: bool) -> @location(0) vec4<f32> {
    let inside = all(abs(in.eye) < vec3(0.5));
    if front == inside { discard; }   // from outside the near faces carry the picture, from inside the far ones
    let direction = in.local - in.eye;
    // the ray's way through the unit cube, in units of `direction`
    let a = (vec3(-0.5) - in.eye) / direction;
    let b = (vec3(0.5) - in.eye) / direction;
    let near = max(max(max(min(a.x, b.x), min(a.y, b.y)), min(a.z, b.z)), 0.0);
    let far = min(min(max(a.x, b.x), max(a.y, b.y)), max(a.z, b.z));
    if far <= near { discard; }
    let steps = dose.size.w;
    let dt = (far - near) / steps;
    let metres = length(direction * dose.size.xyz) * dt;
    var t = near + dt * noise(in.world);
    var light = vec3(0.0);
    var through = 1.0;
    for (var i = 0.0; i < steps; i += 1.0) {
        let d = textureSampleLevel(volume, volume_sampler, in.eye + direction * t + 0.5, 0.0).r;
        let shown = smoothstep(dose.ramp[0].w, dose.ramp[0].w * 2.5, d);
        let alpha = 1.0 - exp(-dose.ramp[1].w * d * sqrt(d) * shown * metres);
        light += through * alpha * colour(d);
        through *= 1.0 - alpha;
        t += dt;
    }
    return vec4(light, 1.0 - through) * dose.ramp[2].w;
}
