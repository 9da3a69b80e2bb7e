//! Jobs: once, whoever does them and whatever becomes of that node.

mod backups;
mod nodes;
mod people;
mod schedules;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use database::{Connection, Sql};
use serde_json::{Value, json};

use super::kinds::{Ended, Failure, KINDS, Kind, Outside, nothing};
use super::schedules::{Dues, Schedule, When, fire};
use super::worker::{Worker, wait_ns};
use super::{Job, add};
use crate::clock::{DAY_NS, MINUTE_NS, SECOND_NS, Zone};
use crate::settings::Settings;
use crate::test_postgres;
use crate::test_site::Site;

/// Keys of what was sent outside, of all tests.
static SENT: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Keys of what is being done, of all tests.
static DOING: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn sent(key: &str) -> usize {
    let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    sent.iter().filter(|one| *one == key).count()
}

const fn kind(word: &'static str, outside: Outside, act: super::kinds::Act) -> Kind {
    Kind {
        word,
        tries: 3,
        wait_ns: 10 * SECOND_NS,
        outside,
        act,
        // A row for each time that it was done: what it does inside the database.
        end: |platform, change, task, ended| {
            Box::pin(async move {
                if matches!(ended, Ended::Done(_)) {
                    let mut sql = Sql::new("INSERT INTO codes_asked (subject, at_ns) VALUES (");
                    sql.bind(format!("effect {}", task.key)).push(", ");
                    sql.bind(platform.clock().now_ns()).push(")");
                    sql.run(change).await?;
                }
                Ok(())
            })
        },
    }
}

/// Sends, and answers as its arguments say.
const SENDS: super::kinds::Act = |platform, task| {
    Box::pin(async move {
        task.sending(platform).await?;
        SENT.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task.key.clone());
        match task.arguments["answer"].as_str() {
            Some("lost") => Err(Failure::NoAnswer("no answer".to_owned())),
            Some("never") => Err(Failure::Never("isv.WRONG".to_owned())),
            Some("hang") => std::future::pending().await,
            _ => Ok(json!({ "number": 7 })),
        }
    })
};

const TESTED: &[Kind] = &[
    kind("count", Outside::Nothing, nothing),
    kind("fail", Outside::Nothing, |_, _| {
        Box::pin(async { Err(Failure::Later("no connection".to_owned())) })
    }),
    kind("hang", Outside::Nothing, |_, _| Box::pin(std::future::pending())),
    kind("send", Outside::Unkeyed, SENDS),
    kind(
        "keyed",
        Outside::Keyed {
            for_ns: 9 * MINUTE_NS,
        },
        SENDS,
    ),
    kind("parts", Outside::Nothing, |platform, task| {
        Box::pin(async move {
            task.progress(platform, 3, 8).await?;
            std::future::pending().await
        })
    }),
    // Nobody else does the same meanwhile.
    Kind {
        // Workers die often.
        tries: 1000,
        ..kind("alone", Outside::Nothing, |_, task| {
            Box::pin(async move {
                {
                    let mut doing = DOING.lock().unwrap();
                    assert!(!doing.contains(&task.key), "{} twice at a time", task.key);
                    doing.push(task.key.clone());
                }
                let pause = task.arguments["pause_ms"].as_u64().unwrap();
                tokio::time::sleep(Duration::from_millis(pause)).await;
                DOING.lock().unwrap().retain(|key| *key != task.key);
                Ok(Value::Null)
            })
        })
    },
];

/// A key that no other test has.
fn key(site: &Site, name: &str) -> String {
    format!("{name} {:p}", &raw const *site)
}

async fn add_one(site: &Site, kind: &'static str, key: &str, arguments: Value) -> bool {
    let job = Job {
        kind,
        arguments,
        organisation: None,
        person: None,
        key: key.to_owned(),
        at_ns: 0,
    };
    let change = site.platform.writer().begin().await.unwrap();
    let is_new = add(&*change, &job, site.now_ns()).await.unwrap();
    change.commit().await.unwrap();
    is_new
}

fn worker(site: &Site) -> Worker {
    Worker::new(site.platform.clone(), TESTED, &[])
}

/// Works off what is due now.
async fn work(site: &Site) {
    while worker(site).step(4).await.unwrap() > 0 {}
}

async fn state(site: &Site, key: &str) -> (String, i64) {
    let mut sql = Sql::new("SELECT state, tries FROM jobs WHERE key = ");
    let row = sql.bind(key).one(site.platform.readers()).await.unwrap().unwrap();
    (row.get(0).unwrap(), row.get(1).unwrap())
}

async fn effects(site: &Site, key: &str) -> i64 {
    site.count(&format!(
        "SELECT COUNT(*) FROM codes_asked WHERE subject = 'effect {key}'"
    ))
    .await
}

async fn id(site: &Site, key: &str) -> i64 {
    site.count(&format!("SELECT id FROM jobs WHERE key = '{key}'"))
        .await
}

#[tokio::test]
async fn a_job_is_done_once_under_its_key_and_its_effect_is_committed_with_its_end() {
    let site = Site::new().await;
    let key = key(&site, "once");
    assert!(add_one(&site, "count", &key, Value::Null).await);
    assert!(!add_one(&site, "count", &key, Value::Null).await);
    work(&site).await;
    work(&site).await;
    assert_eq!(state(&site, &key).await, ("done".to_owned(), 1));
    assert_eq!(effects(&site, &key).await, 1);
    // A change that is dropped leaves no job.
    let change = site.platform.writer().begin().await.unwrap();
    let job = Job {
        kind: "count",
        arguments: Value::Null,
        organisation: None,
        person: None,
        key: "dropped".to_owned(),
        at_ns: 0,
    };
    add(&*change, &job, site.now_ns()).await.unwrap();
    drop(change);
    assert_eq!(site.count("SELECT COUNT(*) FROM jobs").await, 1);
}

#[tokio::test]
async fn a_job_waits_for_its_time_and_for_a_node_that_knows_its_kind() {
    let site = Site::new().await;
    let change = site.platform.writer().begin().await.unwrap();
    let job = |kind, key: &str, at_ns| Job {
        kind,
        arguments: Value::Null,
        organisation: None,
        person: None,
        key: key.to_owned(),
        at_ns,
    };
    let later = site.now_ns() + MINUTE_NS;
    add(&*change, &job("count", "later", later), site.now_ns())
        .await
        .unwrap();
    add(&*change, &job("of-next-year", "unknown", 0), site.now_ns())
        .await
        .unwrap();
    change.commit().await.unwrap();
    work(&site).await;
    assert_eq!(state(&site, "later").await.0, "waiting");
    site.pass(MINUTE_NS);
    work(&site).await;
    assert_eq!(state(&site, "later").await.0, "done");
    assert_eq!(state(&site, "unknown").await, ("waiting".to_owned(), 0));
    // People see it, as what it is.
    let page = site.officer("jobs").await.get("/platform/jobs").await;
    assert!(page.text.contains("of-next-year"), "{}", page.text);
}

#[tokio::test]
async fn a_killed_worker_loses_its_lease_and_its_job_is_done_by_another() {
    let site = Site::new().await;
    let key = key(&site, "killed");
    add_one(&site, "count", &key, Value::Null).await;
    let taken = worker(&site).take(4).await.unwrap();
    assert_eq!(taken.len(), 1);
    work(&site).await;
    assert_eq!(state(&site, &key).await, ("running".to_owned(), 1));
    site.pass(MINUTE_NS);
    work(&site).await;
    assert_eq!(state(&site, &key).await, ("done".to_owned(), 2));
    assert_eq!(effects(&site, &key).await, 1);
    // The first one was only slow: what it brings now counts for nothing.
    let (_ending, is_ending) = tokio::sync::watch::channel(false);
    for task in taken {
        worker(&site).work(task, is_ending.clone()).await;
    }
    assert_eq!(effects(&site, &key).await, 1);
    assert_eq!(state(&site, &key).await, ("done".to_owned(), 2));
}

/// A worker that is gone after the other side has taken what it sent, and before that is written down.
async fn die_after_sending(site: &Site) {
    for task in worker(site).take(4).await.unwrap() {
        (task.kind.act)(&site.platform, &task).await.unwrap();
    }
}

#[tokio::test]
async fn what_may_have_been_sent_is_not_sent_again_by_itself() {
    let site = Site::new().await;
    let (crashed, lost) = (key(&site, "crashed"), key(&site, "lost"));
    add_one(&site, "send", &crashed, Value::Null).await;
    die_after_sending(&site).await;
    add_one(&site, "send", &lost, json!({ "answer": "lost" })).await;
    work(&site).await;
    site.pass(MINUTE_NS);
    work(&site).await;
    for key in [&crashed, &lost] {
        assert_eq!(state(&site, key).await, ("unknown".to_owned(), 1), "{key}");
        assert_eq!(effects(&site, key).await, 0);
    }
    site.pass(DAY_NS);
    work(&site).await;
    assert_eq!((sent(&crashed), sent(&lost)), (1, 1));
}

#[tokio::test]
async fn where_the_other_side_knows_keys_it_is_sent_again_under_the_same_one() {
    let site = Site::new().await;
    let key = key(&site, "keyed");
    add_one(&site, "keyed", &key, Value::Null).await;
    die_after_sending(&site).await;
    site.pass(MINUTE_NS);
    work(&site).await;
    assert_eq!(state(&site, &key).await, ("done".to_owned(), 2));
    assert_eq!((sent(&key), effects(&site, &key).await), (2, 1));
    // As long as the other side remembers it: not after.
    let late = format!("late {key}");
    add_one(&site, "keyed", &late, Value::Null).await;
    die_after_sending(&site).await;
    site.pass(9 * MINUTE_NS);
    work(&site).await;
    assert_eq!(state(&site, &late).await, ("unknown".to_owned(), 1));
    assert_eq!(sent(&late), 1);
}

#[tokio::test]
async fn what_fails_is_tried_again_later_each_time_and_then_lies_with_the_dead_letters() {
    let site = Site::new().await;
    let key = key(&site, "fail");
    add_one(&site, "fail", &key, Value::Null).await;
    for (passed_s, tries) in [(0, 1), (7, 1), (5, 2), (15, 2), (9, 3)] {
        site.pass(passed_s * SECOND_NS);
        work(&site).await;
        assert_eq!(state(&site, &key).await.1, tries, "after another {passed_s} s");
    }
    assert_eq!(state(&site, &key).await.0, "failed");
    site.pass(DAY_NS);
    work(&site).await;
    assert_eq!(state(&site, &key).await, ("failed".to_owned(), 3));
    // What is refused for good is not tried again.
    let never = format!("never {key}");
    add_one(&site, "send", &never, json!({ "answer": "never" })).await;
    work(&site).await;
    assert_eq!(state(&site, &never).await, ("failed".to_owned(), 1));
}

#[test]
fn waits_double_to_an_hour_with_a_fifth_of_chance() {
    let kind = &TESTED[1];
    for tries in 1..40 {
        let doubled = (10_i64 << (tries - 1).min(20)) * SECOND_NS;
        let expected = doubled.min(60 * MINUTE_NS);
        for (chance, parts) in [(0.0, 8), (0.5, 10), (1.0, 12)] {
            let found = wait_ns(kind, tries, chance);
            assert!(
                (found - expected / 10 * parts).abs() < SECOND_NS,
                "{tries} {chance}: {found}"
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_ends_lets_jobs_end_or_gives_them_back() {
    let site = Site::new().await;
    let (hangs, sends) = (key(&site, "hang"), key(&site, "sends"));
    add_one(&site, "hang", &hangs, Value::Null).await;
    add_one(&site, "send", &sends, json!({ "answer": "hang" })).await;
    let worker = worker(&site);
    let stop = async {
        while sent(&sends) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    };
    worker.run(stop, Duration::from_millis(30)).await;
    assert_eq!(state(&site, &hangs).await, ("waiting".to_owned(), 1));
    // It may have been sent.
    assert_eq!(state(&site, &sends).await, ("unknown".to_owned(), 1));
}

#[tokio::test]
async fn a_worker_hears_at_once_of_jobs_that_are_added() {
    let site = Site::new().await;
    let key = key(&site, "heard");
    let worker = worker(&site);
    let added = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let began = std::time::Instant::now();
        add_one(&site, "count", &key, Value::Null).await;
        while effects(&site, &key).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    };
    let (ended, stop) = tokio::sync::oneshot::channel::<()>();
    let both = tokio::join!(
        worker.run(async { drop(stop.await) }, Duration::from_secs(5)),
        async {
            let took = added.await;
            ended.send(()).unwrap();
            took
        }
    );
    assert!(both.1 < Duration::from_millis(900), "{:?}", both.1);
}

#[test]
fn each_kind_has_words_and_is_told_apart() {
    for kind in KINDS {
        for language in crate::language::Language::ALL {
            assert!(language.has(&format!("job-kind-{}", kind.word)), "{}", kind.word);
        }
        assert_eq!(KINDS.iter().filter(|other| other.word == kind.word).count(), 1);
    }
}
