//! Pages that are open while a process ends.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use database::{Database, Place, Writer};
use platform::Platform;
use platform::clock::Clock;
use platform::settings::Settings;
use reqwest::Response;

use super::nodes::administrator;
use super::sites::Site;
use super::{Served, folders};

/// What an open page asks for.
async fn live(client: &reqwest::Client, http: SocketAddr, cookie: &str) -> Response {
    let asking = client.get(format!("http://{http}/live")).header("cookie", cookie);
    let answer = asking.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    answer
}

/// The first event of a stream.
async fn first(answer: &mut Response) -> String {
    let chunk = answer.chunk().await.unwrap().unwrap();
    String::from_utf8(chunk.to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_do_not_keep_a_process_from_ending_and_find_the_next() {
    let folder = folders::new("streams");
    let site = Site::new(folder.path(), "site", None);
    let start = |drain: &str| {
        std::fs::write(&site.config, format!("[http]\ndrain_s = {drain}\n")).unwrap();
        Served::start_closed_with(&site.data, &["--config", site.config.to_str().unwrap()])
    };
    let served = start("0");
    let place = Place::Sqlite(site.data.join("index.sqlite"));
    let readers = Database::open(&place, 1).await.unwrap();
    let writer = Writer::new(Database::open(&place, 1).await.unwrap());
    let keys = site.data.join("keys");
    let platform = Platform::open(readers, writer, &keys, Settings::default(), Clock::System).await;
    let cookie = administrator(&platform.unwrap()).await;
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut answer = live(&client, served.http, &cookie).await;
        assert!(first(&mut answer).await.contains("event: count"));
        open.push(answer);
    }
    let begun = Instant::now();
    let ending = served.ask_to_end();
    for mut answer in open {
        // The stream ends as streams do, and the browser asks again.
        while answer.chunk().await.unwrap().is_some() {}
    }
    let (streams, all) = {
        let streams = begun.elapsed();
        ending.wait();
        (streams, begun.elapsed())
    };
    println!("three open pages: their streams ended after {streams:?}, the process after {all:?}");
    assert!(
        streams < Duration::from_secs(2) && all < Duration::from_secs(4),
        "{streams:?} {all:?}"
    );

    // The next process, which answers on for a while when it ends: pages that ask it once more are sent on at once.
    let served = start("2");
    let http = served.http;
    let mut answer = live(&client, http, &cookie).await;
    assert!(first(&mut answer).await.contains("event: count"));
    let ending = served.ask_to_end();
    let begun = Instant::now();
    while answer.chunk().await.unwrap().is_some() {}
    let mut again = live(&client, http, &cookie).await;
    assert!(again.chunk().await.unwrap().is_none());
    assert!(
        begun.elapsed() < Duration::from_millis(1900),
        "{:?}",
        begun.elapsed()
    );
    ending.wait();
}
