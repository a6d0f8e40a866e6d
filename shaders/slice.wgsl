// A cut through the patient's volumes: one image in grey, another one fused onto it, dose as bands and lines. A measurement: values
// are fetched and interpolated here in full precision, never by a sampler, and no tone mapping follows.
#ifdef PREPASS_PIPELINE
#import bevy_pbr::prepass_io::VertexOutput
#else
#import bevy_pbr::forward_io::VertexOutput
#import bevy_pbr::mesh_view_bindings::view
#endif

struct Field {
    // patient mm -> texel
    index: mat4x4<f32>,
    // texels along each axis; w: a factor for the values, 0 = there is none
    size: vec4<f32>,
};
struct Slice {
    // patient mm: where uv is 0, and along u and v
    corner: vec4<f32>,
    right: vec4<f32>,
    down: vec4<f32>,
    image: Field,
    other: Field,
    dose: Field,
    // window centre and width of the image, of the other
    window: vec4<f32>,
    // how the other lies over it: 0 no, 1 blended, 2 chequered, 3 lens; opacity; width of a chequer or radius of the lens, mm
    fusion: vec4<f32>,
    // middle of the lens, patient mm; w: number of levels
    middle: vec4<f32>,
    // opacity of the bands, width of the lines in pixels, 1 = air outside is let through where the room is seen, unused
    wash: vec4<f32>,
    // rgb as on the screen (sRGB), r < 0: no colour; w: where the band begins; rising
    levels: array<vec4<f32>, 12>,
};
@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> slice: Slice;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var image: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var other: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var dose: texture_3d<f32>;

// Trilinear value at a point, and 1 where the volume reaches: as far as half a voxel beyond its outermost centres.
fn value(texture: texture_3d<f32>, field: Field, p: vec3<f32>) -> vec2<f32> {
    let q = (field.index * vec4(p, 1.0)).xyz;
    let n = field.size.xyz;
    let inside = all(q >= vec3(-0.5)) && all(q <= n - 0.5) && field.size.w != 0.0;
    let c = clamp(q, vec3(0.0), n - 1.0);
    let low = min(floor(c), max(n - 2.0, vec3(0.0)));
    let f = c - low;
    let a = vec3<i32>(low);
    let b = vec3<i32>(min(low + 1.0, n - 1.0));
    let x00 = mix(textureLoad(texture, a, 0).r, textureLoad(texture, vec3(b.x, a.y, a.z), 0).r, f.x);
    let x10 = mix(textureLoad(texture, vec3(a.x, b.y, a.z), 0).r, textureLoad(texture, vec3(b.x, b.y, a.z), 0).r, f.x);
    let x01 = mix(textureLoad(texture, vec3(a.x, a.y, b.z), 0).r, textureLoad(texture, vec3(b.x, a.y, b.z), 0).r, f.x);
    let x11 = mix(textureLoad(texture, vec3(a.x, b.y, b.z), 0).r, textureLoad(texture, b, 0).r, f.x);
    let v = mix(mix(x00, x10, f.y), mix(x01, x11, f.y), f.z);
    return vec2(v * field.size.w, select(0.0, 1.0, inside));
}

fn grey(v: f32, window: vec2<f32>) -> f32 {
    return clamp((v - window.x) / max(window.y, 1e-6) + 0.5, 0.0, 1.0);
}

// Black over red and yellow to white.
fn hot(g: f32) -> vec3<f32> {
    return clamp(vec3(g * 2.6, g * 2.6 - 0.9, g * 2.6 - 1.6), vec3(0.0), vec3(1.0));
}

fn linear(c: vec3<f32>) -> vec3<f32> {
    return select(pow((c + 0.055) / 1.055, vec3(2.4)), c / 12.92, c <= vec3(0.04045));
}

// Colour as on the screen (sRGB), and 1 where there is something to see.
fn shade(uv: vec2<f32>) -> vec4<f32> {
    let p = slice.corner.xyz + slice.right.xyz * uv.x + slice.down.xyz * uv.y;
    let base = value(image, slice.image, p);
    let over = value(other, slice.other, p);
    let gray = value(dose, slice.dose, p);
    // one pixel's worth of dose; asked before anything branches
    let per_pixel = length(vec2(dpdx(gray.x), dpdy(gray.x)));
    let g = grey(base.x, slice.window.xy) * base.y;
    var colour = vec3(g);
    var seen = base.y;
    if slice.fusion.x > 0.5 && over.y > 0.5 {
        let o = grey(over.x, slice.window.zw);
        if slice.fusion.x < 1.5 {
            let c = hot(o);
            colour = mix(colour, c, slice.fusion.y * clamp(max(c.r, max(c.g, c.b)) * 1.5, 0.0, 1.0));
        } else if slice.fusion.x < 2.5 {
            let along = vec2(length(slice.right.xyz) * uv.x, length(slice.down.xyz) * uv.y) / slice.fusion.z;
            let odd = (i32(floor(along.x)) + i32(floor(along.y))) & 1;
            if odd == 1 { colour = vec3(o); }
        } else if distance(p, slice.middle.xyz) < slice.fusion.z {
            colour = vec3(o);
        }
        seen = max(seen, 1.0);
    }
    let count = u32(slice.middle.w);
    if gray.y > 0.5 && count > 0u && gray.x >= slice.levels[0].w {
        var band = slice.levels[0].rgb;
        for (var i = 1u; i < count; i++) {
            if gray.x >= slice.levels[i].w { band = slice.levels[i].rgb; }
        }
        if band.r >= 0.0 {
            colour = mix(colour, band, slice.wash.x);
            seen = 1.0;
        }
    }
    if gray.y > 0.5 && slice.wash.y > 0.0 {
        for (var i = 0u; i < count; i++) {
            let off = abs(gray.x - slice.levels[i].w) / max(per_pixel, 1e-7);
            let line = clamp(slice.wash.y * 0.5 + 0.5 - off, 0.0, 1.0);
            colour = mix(colour, slice.levels[i].rgb, line);
            seen = max(seen, step(0.5, line));
        }
    }
    return vec4(colour, seen);
}

// What is black and holds nothing lets the room through.
fn hollow(shaded: vec4<f32>) -> bool {
    return shaded.a < 0.5 || (slice.wash.z > 0.5 && max(shaded.r, max(shaded.g, shaded.b)) < 0.004);
}

#ifdef PREPASS_PIPELINE
@fragment
fn fragment(in: VertexOutput) {
    if hollow(shade(in.uv)) { discard; }
}
#else
@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let shaded = shade(in.uv);
    let room = view.clip_from_view[3][3] < 0.5;
    if shaded.a < 0.5 || (room && hollow(shaded)) { discard; }
    return vec4(linear(shaded.rgb), 1.0);
}
#endif
