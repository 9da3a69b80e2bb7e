// A rendering of one layer. In, out: as rendering.wgsl, of which it is a part.
fn begin_all(pixel: vec2<u32>) -> vec2<f32> {
    return begin(0u, pixel);
}

fn all_clear_to(k: f32) -> f32 {
    return clear_to(0u, rays[0], k, within[0]);
}

fn add_all(segment: ptr<function, Segment>, k: f32, is_known: bool, sight: vec3<f32>) {
    add(segment, 0u, k, is_known, sight);
}
