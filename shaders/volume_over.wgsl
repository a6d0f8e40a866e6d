// The marched picture laid over the room, sample by sample, so that edges of what stands before it stay as smooth as they are: each
// sample takes those pixels of the marched picture whose rays ended about where its own would. Where little is seen through the volume it
// leaves its depth too: what is translucent is drawn after it, and only what stands before it is seen.
#import bevy_pbr::mesh_functions
#import bevy_pbr::mesh_view_bindings::view
#import bevy_pbr::view_transformations::position_world_to_clip
#ifdef DEPTH_PREPASS
#import bevy_pbr::prepass_utils::prepass_depth
#endif

// pixels of the eye's picture along one of the marched one's
@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> coarse: vec4<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var shown: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var places: texture_2d<f32>;

const FAR: f32 = 1000.0;
// the volume hides what is behind it where it lets less than a quarter through
const HIDES: f32 = 0.75;

struct Corner {
    @builtin(instance_index) instance_index: u32,
    @location(0) position: vec3<f32>,
};
struct Out {
    @builtin(position) clip: vec4<f32>,
};
struct Laid {
    @location(0) colour: vec4<f32>,
#ifdef DEPTH_PREPASS
    @builtin(frag_depth) depth: f32,
#endif
};

@vertex
fn vertex(in: Corner) -> Out {
    let world = mesh_functions::get_world_from_local(in.instance_index) * vec4(in.position, 1.0);
    return Out(position_world_to_clip(world.xyz));
}

@fragment
fn fragment(in: Out, @builtin(sample_index) sample: u32) -> Laid {
    let pixel = floor(in.clip.xy - view.viewport.xy);
    var reach = FAR;
#ifdef DEPTH_PREPASS
    let depth = prepass_depth(in.clip, sample);
    let ndc = (pixel + 0.5) / view.viewport.zw * vec2(2.0, -2.0) + vec2(-1.0, 1.0);
    if depth > 0.0 {
        let there = view.world_from_clip * vec4(ndc, depth, 1.0);
        reach = distance(there.xyz / there.w, view.world_position);
    }
#endif
    let n = coarse.x;
    let size = ceil(view.viewport.zw / n);
    let at = clamp((pixel - floor(n * 0.5)) / n, vec2(0.0), size - 1.0);
    let base = floor(at);
    let part = at - base;
    var sum = vec4(0.0);
    var deep = 0.0;
    var weights = 0.0;
    for (var k = 0; k < 9; k++) {
        let o = vec2<f32>(f32(k % 3) - 1.0, f32(k / 3) - 1.0) + round(at);
        let i = clamp(o, vec2(0.0), size - 1.0);
        let away = max(vec2(1.0) - abs(i - at), vec2(0.0));
        let place_seen = textureLoad(places, vec2<i32>(i), 0).xy;
        let place = place_seen.x;
        // beside an edge no pixel near by may have ended where this sample does: the others then count a little
        let alike = abs(place - reach) / max(0.02 * reach, 0.002);
        let weight = (away.x * away.y + 1e-3) / (1.0 + alike * alike * alike * alike * 1e3);
        let colour = textureLoad(shown, vec2<i32>(i), 0);
        sum += colour * weight;
        deep += colour.a * weight * place_seen.y;
        weights += weight;
    }
    let colour = sum / max(weights, 1e-12);
#ifdef DEPTH_PREPASS
    var own = 0.0;
    if colour.a > HIDES {
        let near = view.world_from_clip * vec4(ndc, 1.0, 1.0);
        let way = normalize(near.xyz / near.w - view.world_position);
        let clip = view.clip_from_world * vec4(view.world_position + way * deep / sum.a, 1.0);
        own = clip.z / clip.w;
    }
    return Laid(colour, clamp(max(depth, own), 0.0, 1.0));
#else
    return Laid(colour);
#endif
}
