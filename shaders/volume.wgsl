// A volume marched from an eye into a picture of its own: colours and opacities by a transfer function, lit by its gradient, darkened
// where it lies in a hollow, clipped at the cuts, behind whatever the room has in front of it. One ray for each pixel of that picture,
// through the middle of one pixel of the eye's. Noise hangs on the patient and on the frame, so that both eyes see the same.

struct March {
    // patient mm -> texel, and texel -> patient mm
    index: mat4x4<f32>,
    mm: mat4x4<f32>,
    // texels; w: mm of a step
    size: vec4<f32>,
    // lowest and highest value of the transfer function; gloss; how much hollows darken
    range: vec4<f32>,
    // clipping: patient mm of the point; w: 0 none, 1 the octant towards the eye, 2 the half space along `normal`, 3 inside a cylinder
    point: vec4<f32>,
    // of the half space or the cylinder: direction in the patient; w: radius of the cylinder, mm
    normal: vec4<f32>,
    // lowest and highest corner of the box that is seen, patient mm; w: opacity, fade
    low: vec4<f32>,
    high: vec4<f32>,
    // the dose that shines in it: patient mm -> texel; texels and a factor for its values
    dose_index: mat4x4<f32>,
    dose_size: vec4<f32>,
    // box of what shines, patient mm; w: opacity of a mm (0: nothing shines), number of levels
    dose_low: vec4<f32>,
    dose_high: vec4<f32>,
    // linear colours, w: where the band begins; rising
    levels: array<vec4<f32>, 12>,
};
@group(1) @binding(0) var<uniform> march: March;
@group(1) @binding(1) var volume: texture_3d<f32>;
@group(1) @binding(2) var volume_sampler: sampler;
@group(1) @binding(3) var transfer: texture_2d<f32>;
@group(1) @binding(4) var transfer_sampler: sampler;
// 1 in blocks of 8 texels that hold something to see
@group(1) @binding(5) var full: texture_3d<f32>;

@group(1) @binding(6) var dose: texture_3d<f32>;
@group(1) @binding(7) var dose_sampler: sampler;


// Of one eye.
struct Eye {
    // clip space -> the unit cube of the volume (-0.5 to 0.5), and -> the room, metres
    local_from_clip: mat4x4<f32>,
    world_from_clip: mat4x4<f32>,
    // the unit cube -> clip space of the frame before
    clip_from_local_before: mat4x4<f32>,
    // where the eye is; w: which frame, for the noise
    local: vec4<f32>,
    // the same in the room; w: share of the new frame in the picture that is shown
    world: vec4<f32>,
    // of the eye's own picture, pixels: left, top, width, height
    viewport: vec4<f32>,
    // pixels of the marched picture; pixels of the eye's along one of them
    size: vec4<f32>,
};
@group(0) @binding(0) var<uniform> eye: Eye;
#ifdef MULTISAMPLED
@group(0) @binding(1) var depths: texture_depth_multisampled_2d;
#else
@group(0) @binding(1) var depths: texture_depth_2d;
#endif

const BLOCK: f32 = 8.0;
// what stands nowhere is this far away, metres
const FAR: f32 = 1000.0;

struct Seen {
    // premultiplied
    @location(0) colour: vec4<f32>,
    // metres from the eye: what ends the ray, and where most of what is seen lies
    @location(1) lies: vec2<f32>,
};

fn at(texel: vec3<f32>) -> f32 {
    return textureSampleLevel(volume, volume_sampler, (texel + 0.5) / march.size.xyz, 0.0).r;
}

fn seen(value: f32) -> vec4<f32> {
    let t = (value - march.range.x) / (march.range.y - march.range.x);
    return textureSampleLevel(transfer, transfer_sampler, vec2(clamp(t, 0.0, 1.0), 0.5), 0.0);
}

// Whether dose may shine at a point of the patient.
fn may_shine(p: vec3<f32>) -> bool {
    return march.dose_low.w > 0.0 && all(p >= march.dose_low.xyz) && all(p <= march.dose_high.xyz);
}

// Colour of the dose's band, and 1 where there is one.
fn shine(p: vec3<f32>) -> vec4<f32> {
    let q = (march.dose_index * vec4(p, 1.0)).xyz;
    let gray = textureSampleLevel(dose, dose_sampler, (q + 0.5) / march.dose_size.xyz, 0.0).r * march.dose_size.w;
    let count = u32(march.dose_high.w);
    if count == 0u || gray < march.levels[0].w { return vec4(0.0); }
    var band = march.levels[0].rgb;
    for (var i = 1u; i < count; i++) {
        if gray >= march.levels[i].w { band = march.levels[i].rgb; }
    }
    return vec4(band, 1.0);
}

// Of a place in the patient, in steps of a millimetre, and of a frame.
fn noise(p: vec3<f32>, frame: f32) -> f32 {
    let q = floor(p);
    return fract(fract(sin(dot(q, vec3(12.9898, 78.233, 37.719))) * 43758.5453) + frame * 0.618034);
}

// Whether a point of the patient is cut away; `eye`: where it is seen from.
fn cut(p: vec3<f32>, eye: vec3<f32>) -> bool {
    if any(p < march.low.xyz) || any(p > march.high.xyz) { return true; }
    let d = p - march.point.xyz;
    if march.point.w < 0.5 { return false; }
    if march.point.w < 1.5 {
        // the octant on the eye's side of all three cuts
        return all(d * sign(eye - march.point.xyz) > vec3(0.0));
    }
    let along = dot(d, march.normal.xyz);
    if march.point.w < 2.5 { return along > 0.0; }
    return length(d - march.normal.xyz * along) < march.normal.w && along > 0.0;
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> Seen {
    let n = eye.size.z;
    let pixel = min(floor(position.xy) * n + floor(n * 0.5), eye.viewport.zw - 1.0);
    let ndc = (pixel + 0.5) / eye.viewport.zw * vec2(2.0, -2.0) + vec2(-1.0, 1.0);
    let ahead = eye.local_from_clip * vec4(ndc, 1.0, 1.0);
    let direction = ahead.xyz / ahead.w - eye.local.xyz;
    let ahead_room = eye.world_from_clip * vec4(ndc, 1.0, 1.0);
    // metres of `direction`
    let metres = distance(ahead_room.xyz / ahead_room.w, eye.world.xyz);
    // the ray's way through the cube, in units of `direction`: from the eye or the near side to the far one
    let a = (vec3(-0.5) - eye.local.xyz) / direction;
    let b = (vec3(0.5) - eye.local.xyz) / direction;
    let near = max(max(max(min(a.x, b.x), min(a.y, b.y)), min(a.z, b.z)), 0.0);
    var far = min(min(max(a.x, b.x), max(a.y, b.y)), max(a.z, b.z));
    // no farther than what stands in the room
    var reach = FAR;
    let depth = textureLoad(depths, vec2<i32>(eye.viewport.xy + pixel), 0);
    if depth > 0.0 {
        let there = eye.world_from_clip * vec4(ndc, depth, 1.0);
        reach = distance(there.xyz / there.w, eye.world.xyz);
        far = min(far, reach / metres);
    }
    if far <= near { return Seen(vec4(0.0), vec2(reach, reach)); }
    let size = march.size.xyz;
    let start = (eye.local.xyz + 0.5) * size - 0.5;
    let ray = direction * size;
    let eye_mm = (march.mm * vec4(start, 1.0)).xyz;
    let ray_mm = (march.mm * vec4(ray, 0.0)).xyz;
    let dt = march.size.w / length(ray_mm);
    let towards_eye = -normalize(ray_mm);
    // from within, all rays begin at one place: a little ahead they have parted
    var t = near + dt * noise(eye_mm + ray_mm * near - towards_eye * 40.0, eye.local.w);
    var light = vec3(0.0);
    var through = 1.0;
    var deep = 0.0;
    for (var i = 0; i < 2000; i++) {
        if t >= far || through < 0.02 { break; }
        let q = start + ray * t;
        let block = floor((q + 0.5) / BLOCK);
        let p = eye_mm + ray_mm * t;
        let shines = may_shine(p);
        if !shines && textureLoad(full, vec3<i32>(block), 0).r < 0.5 {
            // to the other side of an empty block
            let edge = (block + select(vec3(0.0), vec3(1.0), ray > vec3(0.0))) * BLOCK - 0.5;
            let to = (edge - start) / ray;
            let leave = min(min(to.x, to.y), to.z);
            t += max(1.0, ceil((leave - t) / dt)) * dt;
            continue;
        }
        t += dt;
        if cut(p, eye_mm) { continue; }
        if shines {
            let glow = shine(p);
            let alpha = glow.a * (1.0 - pow(1.0 - march.dose_low.w, march.size.w));
            light += through * alpha * glow.rgb;
            deep += through * alpha * t;
            through *= 1.0 - alpha;
        }
        let value = at(q);
        let shown = seen(value);
        if shown.a < 0.002 { continue; }
        let alpha = 1.0 - pow(1.0 - shown.a, march.size.w * march.low.w);
        // gradient in texels, then in the patient, where lengths are true
        let g = vec3(at(q + vec3(1.0, 0.0, 0.0)) - at(q - vec3(1.0, 0.0, 0.0)),
                     at(q + vec3(0.0, 1.0, 0.0)) - at(q - vec3(0.0, 1.0, 0.0)),
                     at(q + vec3(0.0, 0.0, 1.0)) - at(q - vec3(0.0, 0.0, 1.0)));
        let slope = (transpose(march.index) * vec4(g, 0.0)).xyz;
        let steep = length(slope);
        let n = select(towards_eye, -slope / max(steep, 1e-6), steep > 1e-3);
        let facing = abs(dot(n, towards_eye));
        let outwards = select(-n, n, dot(n, towards_eye) > 0.0);
        // a hollow is where there is something a little way off on the outer side
        let texel = (march.index * vec4(outwards, 0.0)).xyz;
        let hollow = 0.6 * seen(at(q + texel * 5.0)).a + 0.4 * seen(at(q + texel * 12.0)).a;
        let open = 1.0 - march.range.w * clamp(hollow * 4.0, 0.0, 1.0);
        let lit = (0.25 + 0.75 * facing) * open;
        let gloss = march.range.z * pow(facing, 24.0) * open;
        light += through * alpha * (shown.rgb * lit + vec3(gloss));
        deep += through * alpha * t;
        through *= 1.0 - alpha;
    }
    let seen_at = select(far, deep / max(1.0 - through, 1e-4), through < 0.999);
    return Seen(vec4(light, 1.0 - through) * march.high.w, vec2(reach, seen_at * metres));
}
