//! What is counted of viewers that are drawn for, for Prometheus.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const SESSIONS: &str = "uptake_viewer_sessions";
const HELD: &str = "uptake_viewer_voxels_bytes";
const PICTURES: &str = "uptake_viewer_pictures_total";
const SENT: &str = "uptake_viewer_sent_bytes_total";
const DRAWN: &str = "uptake_viewer_draw_duration_seconds";

/// Says what each figure is; once, after the recorder is there.
pub fn describe() {
    describe_gauge!(SESSIONS, Unit::Count, "Sessions that are drawn for.");
    describe_gauge!(HELD, Unit::Bytes, "Voxels of what is looked at.");
    describe_counter!(PICTURES, Unit::Count, "Pictures sent, by how good they are.");
    describe_counter!(SENT, Unit::Bytes, "Bytes of pictures sent.");
    describe_histogram!(DRAWN, Unit::Seconds, "Time that a picture takes to draw.");
}

/// So many sessions, so many bytes of voxels.
pub fn held(sessions: usize, bytes: usize) {
    gauge!(SESSIONS).set(sessions as f64);
    gauge!(HELD).set(bytes as f64);
}

/// A picture was sent.
pub fn sent(fidelity: &'static str, bytes: usize, draw_s: f64) {
    counter!(PICTURES, "fidelity" => fidelity).increment(1);
    counter!(SENT).increment(bytes as u64);
    histogram!(DRAWN).record(draw_s);
}
