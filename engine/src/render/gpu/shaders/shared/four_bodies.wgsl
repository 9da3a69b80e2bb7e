// A rendering of up to four layers. In, out: as rendering.wgsl, of which it is a part.
fn begin_all(pixel: vec2<u32>) -> vec2<f32> {
    var all = begin(0u, pixel);
    if LAYERS > 1u {
        let next = begin(1u, pixel);
        all = vec2<f32>(min(all.x, next.x), max(all.y, next.y));
    }
    if LAYERS > 2u {
        let next = begin(2u, pixel);
        all = vec2<f32>(min(all.x, next.x), max(all.y, next.y));
    }
    if LAYERS > 3u {
        let next = begin(3u, pixel);
        all = vec2<f32>(min(all.x, next.x), max(all.y, next.y));
    }
    return all;
}

fn all_clear_to(k: f32) -> f32 {
    var clear = clear_to(0u, rays[0], k, within[0]);
    if LAYERS > 1u && clear > k {
        clear = min(clear, clear_to(1u, rays[1], k, within[1]));
    }
    if LAYERS > 2u && clear > k {
        clear = min(clear, clear_to(2u, rays[2], k, within[2]));
    }
    if LAYERS > 3u && clear > k {
        clear = min(clear, clear_to(3u, rays[3], k, within[3]));
    }
    return clear;
}

fn add_all(segment: ptr<function, Segment>, k: f32, is_known: bool, sight: vec3<f32>) {
    add(segment, 0u, k, is_known, sight);
    if LAYERS > 1u {
        add(segment, 1u, k, is_known, sight);
    }
    if LAYERS > 2u {
        add(segment, 2u, k, is_known, sight);
    }
    if LAYERS > 3u {
        add(segment, 3u, k, is_known, sight);
    }
}
