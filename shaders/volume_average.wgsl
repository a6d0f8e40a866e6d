// The marched picture of this frame into the one that is shown: a share of it, and the rest of what was shown before, from where
// the same place of the patient was then. What was shown before counts only within what this frame shows thereabouts, so that
// nothing leaves a trail.

struct Eye {
    local_from_clip: mat4x4<f32>,
    world_from_clip: mat4x4<f32>,
    clip_from_local_before: mat4x4<f32>,
    local: vec4<f32>,
    world: vec4<f32>,
    viewport: vec4<f32>,
    size: vec4<f32>,
};
@group(0) @binding(0) var<uniform> eye: Eye;
@group(0) @binding(1) var marched: texture_2d<f32>;
@group(0) @binding(2) var places: texture_2d<f32>;
@group(0) @binding(3) var before: texture_2d<f32>;
@group(0) @binding(4) var before_sampler: sampler;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let here = vec2<i32>(position.xy);
    let last = vec2<i32>(eye.size.xy) - 1;
    let now = textureLoad(marched, here, 0);
    if eye.world.w >= 1.0 { return now; }
    let n = eye.size.z;
    let pixel = min(floor(position.xy) * n + floor(n * 0.5), eye.viewport.zw - 1.0);
    let ndc = (pixel + 0.5) / eye.viewport.zw * vec2(2.0, -2.0) + vec2(-1.0, 1.0);
    let ahead = eye.local_from_clip * vec4(ndc, 1.0, 1.0);
    let ahead_room = eye.world_from_clip * vec4(ndc, 1.0, 1.0);
    let metres = distance(ahead_room.xyz / ahead_room.w, eye.world.xyz);
    let t = textureLoad(places, here, 0).y / metres;
    let p = mix(eye.local.xyz, ahead.xyz / ahead.w, t);
    let was = eye.clip_from_local_before * vec4(p, 1.0);
    let clip = was.xy / was.w;
    if was.w <= 0.0 || any(abs(clip) > vec2(1.0)) { return now; }
    let at = (clip * vec2(0.5, -0.5) + 0.5) * eye.viewport.zw;
    // the middle of the marched picture's pixel i is the middle of the eye's pixel i n + n / 2
    let texel = clamp((at - 0.5 - floor(n * 0.5)) / n, vec2(0.0), eye.size.xy - 1.0);
    let old = textureSampleLevel(before, before_sampler, (texel + 0.5) / vec2<f32>(textureDimensions(before)), 0.0);
    var low = now;
    var high = now;
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            let c = textureLoad(marched, clamp(here + vec2(x, y), vec2(0), last), 0);
            low = min(low, c);
            high = max(high, c);
        }
    }
    return mix(clamp(old, low, high), now, eye.world.w);
}
