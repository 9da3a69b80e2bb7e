//! How long a picture goes on after it was asked to stop, for every standard scene, early and late, and as 4096 x 4096.
//! `cargo run --release -p benches --example stop`

use std::time::{Duration, Instant};

use benches::scenes::{CASES, CT, PET};
use benches::{ct, pet};
use engine::presentation::Size;
use engine::render::{Cancel, CpuRenderer, Renderer, Volumes};

fn main() {
    let mut volumes = Volumes::new();
    volumes.insert(CT, ct());
    volumes.insert(PET, pet());
    let large = Size {
        width: 4096,
        height: 4096,
    };
    for case in CASES {
        for (size, delay_ms) in [(case.size, 3), (case.size, 40), (large, 60), (large, 600)] {
            let scene = case.scenes(1, &volumes).remove(0);
            let cancel = Cancel::new();
            let asking = cancel.clone();
            let host = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(delay_ms));
                let asked = Instant::now();
                asking.cancel();
                asked
            });
            let outcome = CpuRenderer::new().render_until(&scene, &volumes, size, &cancel);
            let ended = Instant::now();
            let asked = host.join().expect("the host's thread ends");
            if outcome.is_err() {
                let ms = (ended - asked).as_secs_f64() * 1e3;
                println!(
                    "{} {}x{} after {delay_ms} ms: {ms:.1} ms",
                    case.name, size.width, size.height
                );
            }
        }
    }
}
