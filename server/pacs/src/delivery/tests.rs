//! The queue by itself, with carriers that fail as told.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::events::Kind;
use crate::index::tests::on_both;
use crate::test_node::{IMPATIENT, count, until};

/// Everything to one destination; the study is the one of the event.
#[derive(Debug)]
struct ToAll(i64);

impl Chooser for ToAll {
    fn choose<'a>(&'a self, _index: &'a Index, events: &'a [Event]) -> Boxed<'a, Result<Vec<NewDelivery>>> {
        let new = events.iter().map(|event| NewDelivery {
            not_before_ns: now_ns() + self.0,
            ..new(
                event.study_uid.as_deref().unwrap(),
                event.sop_uid.as_deref().unwrap(),
            )
        });
        let new = new.collect();
        Box::pin(async move { Ok(new) })
    }
}

fn new(study_uid: &str, sop_uid: &str) -> NewDelivery {
    NewDelivery {
        destination: "there".to_owned(),
        hash: Hash::of(sop_uid.as_bytes()),
        sop_uid: sop_uid.to_owned(),
        study_uid: study_uid.to_owned(),
        sop_class_uid: "1.2".to_owned(),
        transfer_syntax_uid: "1.2".to_owned(),
        not_before_ns: 0,
        held: None,
    }
}

/// Remembers what arrived, in order; answers by a function of the object and how often it was tried.
struct Scripted {
    arrived: Mutex<Vec<(String, String)>>,
    tries: Mutex<HashMap<String, u32>>,
    answer: fn(&str, u32) -> Option<Fate>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    fn new(answer: fn(&str, u32) -> Option<Fate>) -> Arc<Self> {
        Arc::new(Self {
            arrived: Mutex::default(),
            tries: Mutex::default(),
            answer,
        })
    }

    fn arrived(&self) -> Vec<(String, String)> {
        self.arrived.lock().unwrap().clone()
    }
}

impl Carrier for Scripted {
    fn carry<'a>(&'a self, deliveries: &'a [Delivery], tell: &'a Tell) -> Boxed<'a, ()> {
        Box::pin(async move {
            for delivery in deliveries {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let tries = *self
                    .tries
                    .lock()
                    .unwrap()
                    .entry(delivery.sop_uid.clone())
                    .and_modify(|tries| *tries += 1)
                    .or_insert(1);
                let Some(fate) = (self.answer)(&delivery.sop_uid, tries) else {
                    panic!("a carrier that breaks");
                };
                if matches!(fate, Fate::Delivered(_)) {
                    self.arrived
                        .lock()
                        .unwrap()
                        .push((delivery.study_uid.clone(), delivery.sop_uid.clone()));
                }
                let stop = matches!(fate, Fate::Later(_));
                tell.tell(delivery, fate);
                if stop {
                    return;
                }
            }
        })
    }
}

fn line(carrier: Arc<Scripted>) -> Line {
    Line {
        destination: "there".to_owned(),
        carrier,
        parallel: 3,
        backoff: IMPATIENT,
    }
}

async fn arrive(index: &Index, study: u32, number: u32) {
    let change = index.begin().await.unwrap();
    let event = Event {
        study_uid: Some(format!("1.{study}")),
        sop_uid: Some(format!("1.{study}.{number}")),
        ..Event::new(Kind::Stored, "web:x".to_owned(), 1)
    };
    change.record(&event).await.unwrap();
    change.commit().await.unwrap();
}

fn start(queue: &Queue, wait_ns: i64, carrier: &Arc<Scripted>) -> tokio::task::JoinHandle<()> {
    let (queue, line) = (queue.clone(), line(Arc::clone(carrier)));
    tokio::spawn(async move {
        queue
            .run(Arc::new(ToAll(wait_ns)), vec![line], std::future::pending())
            .await
    })
}

/// Every fifth object fails twice, one breaks the carrier once, one is refused: all the rest arrive once, each study in
/// its order, and the refused one when a person asks for it.
#[tokio::test]
async fn all_arrive_once_and_in_order_whatever_fails() {
    on_both(async |index| {
        let carrier = Scripted::new(|sop_uid, tries| match sop_uid {
            "1.2.7" if tries == 1 => Some(Fate::Refused("status 0xA900".to_owned())),
            "1.3.8" if tries == 1 => None,
            _ if sop_uid.ends_with('5') && tries < 3 => Some(Fate::Later("cut".to_owned())),
            _ => Some(Fate::Delivered(None)),
        });
        let queue = Queue::open(index.clone(), "test", Begin::AtTheFirst)
            .await
            .unwrap();
        let running = start(&queue, 0, &carrier);
        for number in 0..30 {
            for study in 0..5 {
                arrive(&index, study, number).await;
            }
        }
        until("149 of 150 arrived", async || {
            count(&queue, State::Delivered).await == 149
        })
        .await;
        let held = queue.list(State::Quarantined, 10).await.unwrap();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].sop_uid, "1.2.7");
        assert_eq!(held[0].reason.as_deref(), Some("status 0xA900"));
        assert!(queue.retry(held[0].id).await.unwrap());
        assert!(!queue.retry(held[0].id + 1000).await.unwrap());
        until("the last arrived", async || {
            count(&queue, State::Delivered).await == 150
        })
        .await;
        running.abort();
        let arrived = carrier.arrived();
        assert_eq!(arrived.len(), 150);
        for study in 0..5 {
            let own = arrived
                .iter()
                .filter(|(of, sop_uid)| *of == format!("1.{study}") && sop_uid != "1.2.7");
            let expected = (0..30)
                .map(|number| format!("1.{study}.{number}"))
                .filter(|sop_uid| sop_uid != "1.2.7");
            assert!(
                own.map(|(_, sop_uid)| sop_uid.clone()).eq(expected),
                "order of study {study}"
            );
        }
        assert!(queue.troubles().is_empty());
        // What is old and delivered goes; nothing else.
        assert_eq!(queue.prune(now_ns()).await.unwrap(), 150);
        assert_eq!(queue.counts(&crate::index::Restriction::NONE).await.unwrap(), []);
    })
    .await;
}

/// What was being sent when the process ended is sent again after the start; events are read once.
#[tokio::test]
async fn a_queue_goes_on_where_it_stopped() {
    on_both(async |index| {
        let queue = Queue::open(index.clone(), "test", Begin::AtTheFirst)
            .await
            .unwrap();
        let events = EventTableRead(&index);
        for number in 0..10 {
            arrive(&index, 1, number).await;
        }
        let (last, all) = events.all().await;
        queue
            .accept(&ToAll(0).choose(&index, &all).await.unwrap(), last)
            .await
            .unwrap();
        // Taken, and then the process ends.
        let taken = store::take(&index, "there", "1.1", now_ns()).await.unwrap();
        assert_eq!(taken.len(), 10);
        assert_eq!(count(&queue, State::Sending).await, 10);
        // Another that only looks, as every node does, takes nothing away from whoever sends.
        let queue = Queue::open(index.clone(), "test", Begin::Now).await.unwrap();
        assert_eq!(count(&queue, State::Sending).await, 10);
        let carrier = Scripted::new(|_, _| Some(Fate::Delivered(None)));
        let running = start(&queue, 0, &carrier);
        until("all arrived", async || {
            count(&queue, State::Delivered).await == 10
        })
        .await;
        running.abort();
        assert_eq!(carrier.arrived().len(), 10);
        let delivered = queue.list(State::Delivered, 100).await.unwrap();
        assert!(
            delivered.iter().all(|delivery| delivery.attempts == 2),
            "the interrupted attempt counts"
        );
    })
    .await;
}

/// Entries of other kinds are passed over, without being read again and again; the way that was come is kept.
#[tokio::test]
async fn a_reader_passes_over_what_is_not_its_own() {
    on_both(async |index| {
        let queue = Queue::open(index.clone(), "test", Begin::AtTheFirst)
            .await
            .unwrap();
        let looks = async |count: i64| {
            let entries: Vec<_> = (0..count)
                .map(|at_ns| journal::Entry::new("study.read", "person:1", at_ns))
                .collect();
            let change = index.turns().begin().await.unwrap();
            journal::append(&change, &entries).await.unwrap();
            change.commit().await.unwrap();
        };
        let cursor = async || store::cursor(&index, "test").await.unwrap().unwrap();
        let mut passed = 0;
        looks(1000).await;
        assert!(!reader::read(&queue, &ToAll(0), &mut passed).await.unwrap());
        assert_eq!((passed, cursor().await), (1000, 0), "not a write for every look");
        arrive(&index, 1, 0).await;
        looks(5).await;
        assert!(reader::read(&queue, &ToAll(0), &mut passed).await.unwrap());
        assert_eq!((passed, cursor().await), (1006, 1006));
        assert_eq!(count(&queue, State::Waiting).await, 1);
        assert!(!reader::read(&queue, &ToAll(0), &mut passed).await.unwrap());
        looks(12_000).await;
        assert!(!reader::read(&queue, &ToAll(0), &mut passed).await.unwrap());
        assert_eq!(
            (passed, cursor().await),
            (13_006, 13_006),
            "after so many it is kept"
        );
        // A page of events ends where it ends: what is behind it is read next.
        for number in 1..=300 {
            arrive(&index, 2, number).await;
        }
        looks(3).await;
        assert!(reader::read(&queue, &ToAll(0), &mut passed).await.unwrap());
        assert_eq!(passed, 13_006 + 256);
        assert!(reader::read(&queue, &ToAll(0), &mut passed).await.unwrap());
        assert_eq!((passed, cursor().await), (13_309, 13_309));
        assert_eq!(count(&queue, State::Waiting).await, 301);
    })
    .await;
}

struct EventTableRead<'a>(&'a Index);

impl EventTableRead<'_> {
    async fn all(&self) -> (i64, Vec<Event>) {
        let all = crate::events::EventTable::after(self.0, 0, 1000).await.unwrap();
        (
            all.last().unwrap().0,
            all.into_iter().map(|(_, event)| event).collect(),
        )
    }
}

#[tokio::test]
async fn a_study_that_waits_for_quiet_is_sent_whole() {
    on_both(async |index| {
        let queue = Queue::open(index.clone(), "test", Begin::AtTheFirst)
            .await
            .unwrap();
        let carrier = Scripted::new(|_, _| Some(Fate::Delivered(None)));
        let running = start(&queue, 600_000_000, &carrier);
        for number in 0..4 {
            arrive(&index, 1, number).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(carrier.arrived(), [], "nothing leaves while more comes");
        }
        until("all arrived", async || carrier.arrived().len() == 4).await;
        running.abort();
    })
    .await;
}

#[tokio::test]
async fn a_loop_of_changing_bytes_ends_with_a_person() {
    on_both(async |index| {
        let queue = Queue::open(index.clone(), "test", Begin::Now).await.unwrap();
        for version in 0..6 {
            let changed = NewDelivery {
                hash: Hash::of(&[version]),
                ..new("1.1", "1.1.1")
            };
            queue.accept(std::slice::from_ref(&changed), 0).await.unwrap();
            queue.accept(&[changed], 0).await.unwrap();
        }
        assert_eq!(count(&queue, State::Waiting).await, VERSIONS as u64);
        let held = queue.list(State::Quarantined, 10).await.unwrap();
        assert_eq!(held.len(), 2);
        assert!(held[0].reason.as_deref().unwrap().contains("looks like a loop"));
    })
    .await;
}

/// A destination that fails takes one attempt at a time, and those to others go on.
#[tokio::test]
async fn a_failing_destination_is_not_stormed() {
    on_both(async |index| {
        let queue = Queue::open(index.clone(), "test", Begin::AtTheFirst)
            .await
            .unwrap();
        for study in 0..40 {
            arrive(&index, study, 1).await;
        }
        let carrier = Scripted::new(|_, _| Some(Fate::Later("no route".to_owned())));
        let running = start(&queue, 0, &carrier);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        running.abort();
        let tries: u32 = carrier.tries.lock().unwrap().values().sum();
        // Waits of 20, 40, 80, 160, 200, 200… ms, each at least by half.
        assert!((3..=22).contains(&tries), "{tries} attempts");
        assert_eq!(queue.troubles()["there"].words, "no route");
        let states: HashSet<State> = queue
            .counts(&crate::index::Restriction::NONE)
            .await
            .unwrap()
            .iter()
            .map(|counted| counted.state)
            .collect();
        assert!(states.contains(&State::Waiting));
    })
    .await;
}

#[tokio::test]
async fn people_look_hasten_and_drop_over_http() {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    let folder = crate::test_folder::TestFolder::new("deliveries");
    let archive = crate::test_node::archive(folder.path(), "HERE").await;
    let queue = Queue::open(archive.index().clone(), "routing", Begin::Now)
        .await
        .unwrap();
    let later = now_ns() + 3_600_000_000_000;
    let waiting = |sop_uid: &str| NewDelivery {
        not_before_ns: later,
        ..new("1.1", sop_uid)
    };
    let held = NewDelivery {
        held: Some("the destination said no".to_owned()),
        ..new("1.2", "1.2.1")
    };
    queue
        .accept(&[waiting("1.1.1"), waiting("1.1.2"), held], 0)
        .await
        .unwrap();
    let app = crate::http::App::new(archive.clone(), Arc::new(crate::access::Open));
    let router = crate::http::router(app.clone().with_queue(queue.clone()));
    let ask = async |method: &str, path: &str, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/archive/deliveries{path}"));
        let request = request.header("content-type", "application/json");
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice::<Value>(&bytes).unwrap_or_default(),
        )
    };
    let none = Value::Null;
    let (status, first) = ask("GET", "?limit=2", none.clone()).await;
    assert_eq!((status, first["items"].as_array().unwrap().len()), (200, 2));
    let (_, rest) = ask("GET", &format!("?after={}", first["next"]), none.clone()).await;
    assert_eq!(rest["items"][0]["reason"], "the destination said no");
    assert_eq!(
        (&rest["items"][0]["state"], &rest["next"]),
        (&json!("quarantined"), &none)
    );
    let held = rest["items"][0]["id"].clone();
    for (query, number) in [
        ("?state=waiting", 2),
        ("?state=dropped", 0),
        ("?study=1.2&destination=there", 1),
        ("?destination=elsewhere", 0),
    ] {
        let (_, listed) = ask("GET", query, none.clone()).await;
        assert_eq!(listed["items"].as_array().unwrap().len(), number, "{query}");
    }
    let path = format!("/{held}/drop");
    for (path, reason, status) in [
        (path.as_str(), " ", 400),
        ("/999/drop", "x", 404),
        (&path, "the study was sent by hand", 204),
        (&path, "again", 409),
    ] {
        assert_eq!(
            ask("POST", path, json!({ "reason": reason })).await.0,
            status,
            "{path} {reason}"
        );
    }
    let (_, listed) = ask("GET", "?state=dropped", none.clone()).await;
    assert_eq!(
        listed["items"][0]["reason"],
        "web:open: the study was sent by hand"
    );
    let events = crate::events::EventTable::after(archive.index(), 0, 10)
        .await
        .unwrap();
    assert_eq!(events[0].1.kind, Kind::DeliveryDropped);
    let (_, summary) = ask("GET", "/summary", none.clone()).await;
    assert_eq!(
        summary["counts"],
        json!([
            { "destination": "there", "state": "dropped", "number": 1 },
            { "destination": "there", "state": "waiting", "number": 2 },
        ])
    );
    // What was dropped is sent after all, and what waits is sent now.
    let first = first["items"][0]["id"].clone();
    for id in [&held, &first] {
        assert_eq!(ask("POST", &format!("/{id}/retry"), none.clone()).await.0, 204);
    }
    assert_eq!(ask("POST", "/999/retry", none.clone()).await.0, 404);
    let (_, listed) = ask("GET", "?state=waiting", none.clone()).await;
    let due = |item: &Value| item["not_before_ns"].as_i64().unwrap() <= now_ns();
    let due: Vec<bool> = listed["items"].as_array().unwrap().iter().map(due).collect();
    assert_eq!(due, [true, false, true]);
    assert_eq!(ask("GET", "?state=gone", none.clone()).await.0, 400);
    // A process that sends nothing has no queue to show.
    let request = Request::get("/archive/deliveries").body(Body::empty()).unwrap();
    let response = crate::http::router(app).oneshot(request).await.unwrap();
    assert_eq!(response.status().as_u16(), 501);
}
