//! The figures of a line, by a clock that the tests hold: nothing here waits, nothing depends on how busy a machine is.

use tokio::io::{DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::*;

/// Both directions between two ends in memory, each with a buffer of `buffer` bytes towards the line.
struct Ends {
    near: DuplexStream,
    far: DuplexStream,
    up: Arc<Lane>,
    down: Arc<Lane>,
    time: Arc<Mutex<LinkTime>>,
    begun: Instant,
    passing: JoinHandle<io::Result<()>>,
}

impl Ends {
    fn new(link: &str, buffer: usize) -> Self {
        let link: Link = link.parse().unwrap();
        let (time, begun) = (Arc::<Mutex<LinkTime>>::default(), Instant::now());
        let lane = || Arc::new(Lane::new(link, time.clone(), begun));
        let (up, down) = (lane(), lane());
        let (near, near_line) = duplex(buffer);
        let (far, far_line) = duplex(buffer);
        let (up_lane, down_lane) = (up.clone(), down.clone());
        let passing = tokio::spawn(async move {
            let (near_read, near_write) = tokio::io::split(near_line);
            let (far_read, far_write) = tokio::io::split(far_line);
            tokio::try_join!(
                pass(&up_lane, near_read, far_write),
                pass(&down_lane, far_read, near_write)
            )?;
            Ok(())
        });
        Self {
            near,
            far,
            up,
            down,
            time,
            begun,
            passing,
        }
    }

    fn cut(&self, lasting: Duration) {
        self.time.lock().unwrap().cut(self.begun.elapsed(), lasting);
    }
}

/// Bytes that tell their place.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(next).collect()
}

fn assert_near(found: f64, asked: f64, part: f64, noise: f64, what: &str) {
    assert!(
        (found - asked).abs() <= asked * part + noise,
        "{what}: asked for {asked}, found {found}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_round_trip_is_as_long_as_was_asked_for() {
    for (link, asked_ms) in [("30ms,20Mbit", 60.0), ("5ms", 10.0), ("250ms,1Mbit", 500.0)] {
        let mut ends = Ends::new(link, 1 << 16);
        for _ in 0..10 {
            let begun = Instant::now();
            ends.near.write_all(b"?").await.unwrap();
            let mut one = [0];
            ends.far.read_exact(&mut one).await.unwrap();
            ends.far.write_all(b"!").await.unwrap();
            ends.near.read_exact(&mut one).await.unwrap();
            // Timers wake up to 1 ms late, once each way.
            assert_near(begun.elapsed().as_secs_f64() * 1e3, asked_ms, 0.05, 2.0, link);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_as_high_as_was_asked_for_and_every_byte_is_in_its_place() {
    for (link, asked, delay) in [
        ("30ms,20Mbit", 20e6, 0.03),
        ("0ms,3Mbit", 3e6, 0.0),
        ("1ms,1Gbit", 1e9, 0.001),
    ] {
        let sent = bytes(6_000_000);
        let mut ends = Ends::new(link, 1 << 16);
        let begun = Instant::now();
        let sending = tokio::spawn({
            let sent = sent.clone();
            async move {
                ends.near.write_all(&sent).await.unwrap();
                ends.near.shutdown().await.unwrap();
                ends.near
            }
        });
        let mut received = Vec::new();
        ends.far.read_to_end(&mut received).await.unwrap();
        let seconds = begun.elapsed().as_secs_f64() - delay;
        assert!(received == sent, "{link}: other bytes than were sent");
        assert_near(received.len() as f64 * 8.0 / seconds, asked, 0.05, 0.0, link);
        assert_eq!(ends.up.passed_bytes(), 6_000_000);
        assert_eq!(ends.down.passed_bytes(), 0);
        sending.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn both_directions_have_the_whole_rate_at_once() {
    let ends = Ends::new("10ms,8Mbit", 1 << 16);
    let begun = Instant::now();
    let sent = bytes(2_000_000);
    let (mut near_read, mut near_write) = tokio::io::split(ends.near);
    let (mut far_read, mut far_write) = tokio::io::split(ends.far);
    let (mut at_far, mut at_near) = (vec![0; sent.len()], vec![0; sent.len()]);
    tokio::try_join!(
        near_write.write_all(&sent),
        far_write.write_all(&sent),
        async { far_read.read_exact(&mut at_far).await.map(drop) },
        async { near_read.read_exact(&mut at_near).await.map(drop) },
    )
    .unwrap();
    assert!(at_far == sent && at_near == sent);
    assert_near(begun.elapsed().as_secs_f64(), 2.01, 0.05, 0.0, "seconds");
    ends.passing.abort();
}

#[tokio::test(start_paused = true)]
async fn nothing_arrives_while_the_link_is_cut_and_everything_after() {
    let mut ends = Ends::new("30ms,20Mbit", 1 << 16);
    let begun = Instant::now();
    // One number every 100 ms for four seconds; the link is cut from 1.05 s to 3.05 s.
    let sending = async {
        for number in 0..40_u8 {
            tokio::time::sleep_until(begun + Duration::from_millis(100) * u32::from(number)).await;
            if number == 11 {
                continue;
            }
            ends.near.write_all(&[number]).await.unwrap();
        }
        ends.near.shutdown().await.unwrap();
        &ends.near
    };
    let cutting = async {
        tokio::time::sleep_until(begun + Duration::from_millis(1050)).await;
        let now = ends.begun.elapsed();
        ends.time.lock().unwrap().cut(now, Duration::from_secs(2));
    };
    let receiving = async {
        let mut arrived = Vec::new();
        let mut one = [0];
        while ends.far.read(&mut one).await.unwrap() == 1 {
            arrived.push((one[0], begun.elapsed().as_secs_f64()));
        }
        arrived
    };
    let (_, (), arrived) = tokio::join!(sending, cutting, receiving);
    let numbers: Vec<u8> = arrived.iter().map(|(number, _)| *number).collect();
    let expected: Vec<u8> = (0..40).filter(|number| *number != 11).collect();
    assert_eq!(numbers, expected);
    for (number, at_s) in arrived {
        let alone_s = f64::from(number) / 10.0 + 0.03;
        // 10 was under way when the cut began; 31 is sent after it.
        let due_s = match number {
            0..=10 => alone_s,
            12..=30 => 3.08,
            _ => alone_s,
        };
        assert_near(at_s, due_s, 0.0, 0.003, &format!("number {number}"));
        assert!(!(1.05..3.05).contains(&at_s), "{number} arrived at {at_s}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_when_the_link_is_cut_arrives_after() {
    let mut ends = Ends::new("100ms", 1 << 16);
    ends.near.write_all(b"x").await.unwrap();
    tokio::time::sleep(Duration::from_millis(40)).await;
    ends.cut(Duration::from_secs(2));
    let mut one = [0];
    ends.far.read_exact(&mut one).await.unwrap();
    assert_near(ends.begun.elapsed().as_secs_f64(), 2.1, 0.0, 0.002, "seconds");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_holds_up_who_sends() {
    for link in ["30ms,20Mbit", "0ms,1Mbit", "200ms,8Mbit"] {
        let buffer = 10_000;
        let mut ends = Ends::new(link, buffer);
        let sent = bytes(5_000_000);
        let sending = tokio::spawn({
            let sent = sent.clone();
            async move { ends.near.write_all(&sent).await }
        });
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(!sending.is_finished(), "{link}: five megabytes are somewhere");
        let bound = link.parse::<Link>().unwrap().most_held_bytes() + PACKET_BYTES;
        let held = ends.up.most_held_bytes();
        assert!(
            held <= bound,
            "{link}: {held} bytes held, expected {bound} at most"
        );
        // The buffer at the far end is full: no more was given than it takes.
        assert!(ends.up.passed_bytes() <= buffer as u64);
        let mut received = vec![0; sent.len()];
        ends.far.read_exact(&mut received).await.unwrap();
        assert!(received == sent, "{link}: other bytes than were sent");
        sending.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn many_small_messages_are_bounded_too() {
    let mut ends = Ends::new("1s,100Mbit", 1 << 16);
    let sending = tokio::spawn(async move {
        for _ in 0..1_000_000 {
            ends.near.write_all(b"1").await.unwrap();
            tokio::task::yield_now().await;
        }
        ends.near
    });
    tokio::time::sleep(Duration::from_millis(900)).await;
    let most = "1s,100Mbit".parse::<Link>().unwrap().most_held_bytes() / LEAST_HELD_BYTES;
    assert!(ends.up.most_held_bytes() > 0);
    assert!(ends.up.most_held_bytes() <= most + (1 << 16));
    sending.abort();
}

#[tokio::test(start_paused = true)]
async fn the_end_arrives_behind_the_bytes_and_the_other_way_stays_open() {
    let mut ends = Ends::new("30ms,20Mbit", 1 << 16);
    ends.near.write_all(b"question").await.unwrap();
    ends.near.shutdown().await.unwrap();
    let mut question = Vec::new();
    ends.far.read_to_end(&mut question).await.unwrap();
    assert_eq!(question, b"question");
    ends.far.write_all(b"answer").await.unwrap();
    ends.far.shutdown().await.unwrap();
    let mut answer = Vec::new();
    ends.near.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"answer");
    ends.passing.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn connections_share_a_line() {
    let link: Link = "10ms,8Mbit".parse().unwrap();
    let lane = Arc::new(Lane::new(link, Arc::default(), Instant::now()));
    let begun = Instant::now();
    let mut receiving = tokio::task::JoinSet::new();
    for number in 0..4 {
        let (mut near, near_line) = duplex(1 << 16);
        let (far_line, mut far) = duplex(1 << 16);
        let lane = lane.clone();
        tokio::spawn(async move { pass(&lane, near_line, far_line).await });
        tokio::spawn(async move {
            near.write_all(&bytes(500_000)).await.unwrap();
            near.shutdown().await.unwrap();
        });
        receiving.spawn(async move {
            let mut received = Vec::new();
            far.read_to_end(&mut received).await.unwrap();
            assert!(received == bytes(500_000));
            (number, begun.elapsed().as_secs_f64())
        });
    }
    let ended = receiving.join_all().await;
    let last = ended.iter().map(|(_, at_s)| *at_s).fold(0.0, f64::max);
    assert_near(last, 2.01, 0.05, 0.0, "seconds for all four");
    for (number, at_s) in ended {
        assert!(at_s > 1.8, "{number} had more than its part: done after {at_s} s");
    }
}
