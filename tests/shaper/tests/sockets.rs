//! The proxy over real sockets. What is asserted of time here is only what a busy machine cannot break: that nothing comes
//! too early. That nothing comes too late is asserted by the clock that the unit tests hold.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use shaper::{Cut, Shape, Shaper, probe};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Gives back what it gets, to everybody who connects.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                // Who is reset in between is told so below, at the other end.
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    address
}

#[tokio::test]
async fn bytes_are_whole_and_never_early() {
    let shape: Shape = "40ms,80Mbit".parse().unwrap();
    let shaper = Shaper::start(echo().await, shape).await.unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let begun = Instant::now();
    let stream = TcpStream::connect(shaper.address()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let sending = tokio::spawn({
        let sent = sent.clone();
        async move {
            write.write_all(&sent).await.unwrap();
            write.shutdown().await.unwrap();
        }
    });
    let mut received = Vec::new();
    read.read_to_end(&mut received).await.unwrap();
    sending.await.unwrap();
    assert!(received == sent, "other bytes than were sent");
    // Two round trips (the connection, the bytes) and 24 million bits at 80 million a second.
    let least = Duration::from_millis(80 + 300);
    assert!(
        begun.elapsed() >= least,
        "{:?}, expected {least:?} at least",
        begun.elapsed()
    );
    let most = shape.up.most_held_bytes() + 1460;
    for lane in [shaper.up(), shaper.down()] {
        assert_eq!(lane.passed_bytes(), 3_000_000);
        assert!(
            lane.most_held_bytes() <= most,
            "{} bytes held",
            lane.most_held_bytes()
        );
    }
}

#[tokio::test]
async fn the_probe_finds_no_better_link_than_was_asked_for() {
    let shape: Shape = "20ms,40Mbit".parse().unwrap();
    let found = probe(shape, Duration::from_millis(300)).await.unwrap();
    println!("asked for {shape:?}, found {found}");
    assert!(found.round_trip >= Duration::from_millis(20), "{found}");
    assert!(found.up_bits_per_s <= 40e6 * 1.001, "{found}");
    assert!(found.down_bits_per_s <= 40e6 * 1.001, "{found}");
}

#[tokio::test]
async fn a_stalled_link_goes_on_and_a_reset_one_is_opened_again() {
    let shape: Shape = "2ms,100Mbit".parse().unwrap();
    let shaper = Shaper::start(echo().await, shape).await.unwrap();
    let mut stream = TcpStream::connect(shaper.address()).await.unwrap();
    let mut four = [0; 4];
    stream.write_all(b"one ").await.unwrap();
    stream.read_exact(&mut four).await.unwrap();

    let begun = Instant::now();
    shaper.cut(Cut::Stall, Duration::from_millis(300));
    stream.write_all(b"two ").await.unwrap();
    stream.read_exact(&mut four).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(&four, b"two ");

    let begun = Instant::now();
    shaper.cut(Cut::Reset, Duration::from_millis(300));
    let error = stream.read(&mut four).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let mut refused = 0;
    loop {
        let mut stream = TcpStream::connect(shaper.address()).await.unwrap();
        let asked = async {
            stream.write_all(b"new ").await?;
            stream.read_exact(&mut four).await
        };
        if asked.await.is_ok() {
            break;
        }
        refused += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(&four, b"new ");
    println!("{refused} connections were reset meanwhile");
}

#[tokio::test]
async fn nobody_at_the_far_end_is_a_reset() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let target = listener.local_addr().unwrap();
    drop(listener);
    let shaper = Shaper::start(target, "0ms".parse().unwrap()).await.unwrap();
    let mut stream = TcpStream::connect(shaper.address()).await.unwrap();
    let error = stream.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}
