//! Each fault gives one alarm, however often it is found, and is over when it is.

use std::path::Path;
use std::process::Command;

use database::{Backend, Connection as _, Sql};
use journal::heads::{Heads, Key};
use tokio::net::TcpListener;

use super::super::machine::{Machine, Places, days_left, used_percent};
use super::*;
use crate::clock::DAY_NS;

/// The one alarm that there is, and that it is over after.
async fn one_alarm(site: &Site, kind: Kind, severity: Severity) {
    assert_eq!(open(site).await, [(kind, severity)]);
    let subject_rows = format!("SELECT COUNT(*) FROM alarms WHERE kind = '{}'", kind.word());
    assert_eq!(site.count(&subject_rows).await, 1, "{}", kind.word());
}

async fn run(site: &Site, sql: &str) {
    let change = site.platform.writer().begin().await.unwrap();
    Sql::new(sql).run(&*change).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_measured_wrong_gives_one_alarm_and_clears() {
    use Severity::{Critical as C, Warning as W};
    for (metric, bad, good, seconds, kind, severity) in [
        ("cpu", Some(90.0), 10.0, 320, Kind::CpuHigh, W),
        ("memory", Some(96.0), 10.0, 50, Kind::MemoryHigh, C),
        ("load", Some(9.0), 0.5, 320, Kind::LoadHigh, C),
        ("disk:data", Some(91.0), 50.0, 60, Kind::DiskLow, C),
        ("disk:data", Some(83.0), 50.0, 60, Kind::DiskLow, W),
        ("disk:data", None, 50.0, 60, Kind::DiskUnreachable, C),
        ("storage:main", None, 5.0, 30, Kind::StorageUnreachable, C),
        ("storage:main", Some(2000.0), 5.0, 30, Kind::StorageSlow, W),
        ("dicom", None, 1.0, 30, Kind::DicomDown, C),
        (
            "certificate:http",
            Some(6.0),
            300.0,
            30,
            Kind::CertificateExpiring,
            C,
        ),
        (
            "certificate:http",
            Some(29.0),
            300.0,
            30,
            Kind::CertificateExpiring,
            W,
        ),
        ("clock", Some(5.0), 0.0, 30, Kind::ClockSkew, W),
    ] {
        let site = Site::new().await;
        if metric == "clock" && site.platform.readers().backend() == Backend::Postgres {
            // Its own clock is read there, and is right.
            continue;
        }
        let said = Said::well();
        let mut watch = watching(&site, "node", said.clone()).await;
        pass(&site, &mut watch, 20).await;
        assert_eq!(open(&site).await, [], "{metric}");
        said.say(metric, bad);
        pass(&site, &mut watch, seconds).await;
        one_alarm(&site, kind, severity).await;
        // It goes on, and is the same alarm.
        pass(&site, &mut watch, 60).await;
        one_alarm(&site, kind, severity).await;
        let counted = site.count("SELECT count FROM alarms").await;
        assert!(counted > 5, "{metric} was found {counted} times");
        said.say(metric, Some(good));
        pass(&site, &mut watch, 20).await;
        assert_eq!(open(&site).await, [], "{metric}");
        for (entry, expected) in [("alarm.raised", 1), ("alarm.cleared", 1)] {
            assert_eq!(site.entries(entry).await.len(), expected, "{metric} {entry}");
        }
    }
}

#[tokio::test]
async fn what_stands_in_the_tables_gives_one_alarm_and_clears() {
    let job = "INSERT INTO jobs (kind, arguments, state, tries, at_ns, done_parts, all_parts, key, created_ns) \
               VALUES ('x', '{}', 'failed', 9, 1, 0, 1, 'k', 1)";
    let delivery = "INSERT INTO deliveries (destination, hash, sop_uid, study_uid, sop_class_uid, transfer_syntax_uid, state, \
                    attempts, not_before_ns, created_ns, changed_ns) VALUES ('d', 'h', '1', '1', '1', '1', 'quarantined', 1, 0, 1, 1)";
    let damage = "INSERT INTO scrubs (hash, verified_ns, damage) VALUES ('h', 1, 'not found')";
    for (fault, repair, kind, severity) in [
        (job, "DELETE FROM jobs", Kind::JobDead, Severity::Warning),
        (
            delivery,
            "DELETE FROM deliveries",
            Kind::DeliveryFailing,
            Severity::Warning,
        ),
        (
            damage,
            "DELETE FROM scrubs",
            Kind::IntegrityFailed,
            Severity::Critical,
        ),
    ] {
        let site = Site::new().await;
        let mut watch = watching(&site, "node", Said::well()).await;
        run(&site, fault).await;
        pass(&site, &mut watch, 30).await;
        one_alarm(&site, kind, severity).await;
        run(&site, repair).await;
        pass(&site, &mut watch, 20).await;
        assert_eq!(open(&site).await, [], "{}", kind.word());
    }
}

#[tokio::test]
async fn an_object_that_waits_for_hours_is_told_of() {
    let site = Site::new().await;
    let mut watch = watching(&site, "node", Said::well()).await;
    let created_ns = site.now_ns() - 3 * 3600 * SECOND_NS;
    run(
        &site,
        &format!(
            "INSERT INTO deliveries (destination, hash, sop_uid, study_uid, sop_class_uid, transfer_syntax_uid, state, attempts, \
             not_before_ns, created_ns, changed_ns) VALUES ('d', 'h', '1', '1', '1', '1', 'waiting', 1, 0, {created_ns}, 1)"
        ),
    )
    .await;
    pass(&site, &mut watch, 40).await;
    one_alarm(&site, Kind::DeliveryBehind, Severity::Warning).await;
}

#[tokio::test]
async fn many_failed_sign_ins_are_one_alarm_that_ends_when_they_do() {
    let site = Site::new().await;
    let (_, mobile) = site.account("王小明").await;
    let mut watch = watching(&site, "node", Said::well()).await;
    let entries: Vec<journal::Entry> = (0..40)
        .map(|_| journal::Entry::new("session.failed", "web:anyone", site.now_ns()))
        .collect();
    let change = site.platform.writer().begin().await.unwrap();
    journal::append(&change, &entries).await.unwrap();
    change.commit().await.unwrap();
    // One that failed at the page counts as these do.
    site.browser().sign_in(&mobile, "Wrong_pass1").await;
    pass(&site, &mut watch, 10).await;
    one_alarm(&site, Kind::SignInsFailing, Severity::Warning).await;
    let alarms = open_alarms(site.platform.readers()).await.unwrap();
    assert_eq!(alarms[0].detail, "41");
    pass(&site, &mut watch, 620).await;
    assert_eq!(open(&site).await, []);
}

#[tokio::test]
async fn the_database_that_did_not_answer_is_told_of_afterwards() {
    let site = Site::new().await;
    let said = Said::well();
    let mut watch = watching(&site, "node", said.clone()).await;
    watch.beat().await.unwrap();
    said.lose_database(true);
    for _ in 0..3 {
        site.pass(10 * SECOND_NS);
        watch.beat().await.unwrap();
    }
    assert_eq!(open(&site).await, []);
    said.lose_database(false);
    site.pass(10 * SECOND_NS);
    watch.beat().await.unwrap();
    one_alarm(&site, Kind::DatabaseUnreachable, Severity::Critical).await;
    let alarms = open_alarms(site.platform.readers()).await.unwrap();
    assert_eq!(alarms[0].detail, "30 s");
    site.pass(10 * SECOND_NS);
    watch.beat().await.unwrap();
    assert_eq!(open(&site).await, []);
}

#[tokio::test]
async fn a_node_that_is_killed_is_found_by_another_in_less_than_half_a_minute() {
    let site = Site::new().await;
    let mut first = watching(&site, "first", Said::well()).await;
    let mut second = watching(&site, "second", Said::well()).await;
    first.beat().await.unwrap();
    second.beat().await.unwrap();
    // The first one, which did the work of all, is killed: it says nothing more.
    let mut found_s = None;
    for seconds in (5..60).step_by(5) {
        pass_one(&site, &mut second, seconds).await;
        if found_s.is_none() && !open(&site).await.is_empty() {
            found_s = Some(seconds);
        }
    }
    assert!(found_s.is_some_and(|found_s| found_s < 30), "{found_s:?}");
    one_alarm(&site, Kind::ServerMissing, Severity::Critical).await;
    // Started again it is there again.
    let mut again = watching(&site, "first", Said::well()).await;
    again.beat().await.unwrap();
    second.look().await.unwrap();
    assert_eq!(open(&site).await, []);
    assert_eq!(
        site.count("SELECT COUNT(*) FROM servers WHERE kind = 'node'")
            .await,
        2
    );
    // One that was told to end is not missing.
    again.end().await.unwrap();
    pass(&site, &mut second, 60).await;
    assert_eq!(open(&site).await, []);
}

async fn pass_one(site: &Site, watch: &mut Watch, seconds: i64) {
    site.pass(5 * SECOND_NS);
    watch.look().await.unwrap();
    if seconds % 10 == 0 {
        watch.beat().await.unwrap();
    }
}

#[tokio::test]
async fn another_server_that_stops_to_answer_is_found() {
    let site = Site::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let system = site.officer("monitoring").await;
    let fields = [("name", "PACS"), ("address", address.as_str()), ("notes", "")];
    system.post("/platform/monitoring/servers", &fields).await.is(303);
    let mut watch = watching(&site, "node", Said::well()).await;
    pass(&site, &mut watch, 20).await;
    assert_eq!(open(&site).await, []);
    drop(listener);
    pass(&site, &mut watch, 25).await;
    one_alarm(&site, Kind::ProbeFailed, Severity::Critical).await;
    let _back = TcpListener::bind(&address).await.unwrap();
    pass(&site, &mut watch, 10).await;
    assert_eq!(open(&site).await, []);
}

#[tokio::test]
async fn a_web_server_that_answers_with_an_error_does_not_answer_well() {
    let site = Site::new().await;
    for (status, is_well) in [("200 OK", true), ("503 Service Unavailable", false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/health", listener.local_addr().unwrap());
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 2048]).await;
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let http = super::super::probe::client().unwrap();
        let asked = super::super::probe::ask(&http, &address).await;
        assert_eq!(asked.is_some(), is_well, "{status}");
    }
    drop(site);
}

#[tokio::test]
async fn a_journal_that_is_not_signed_or_not_what_was_written_is_told_of() {
    let site = Site::new().await;
    let folder = std::env::temp_dir().join(format!("heads-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let key = Key::open(&folder.join("key")).unwrap();
    let heads = Heads::at(folder.join("heads"));
    let node = Node {
        name: "node".to_owned(),
        ..Node::default()
    };
    let kept = Some((heads.clone(), key.public()));
    let mut watch = Watch::begin(&site.platform, node, &kept)
        .await
        .unwrap()
        .with_sampler(Said::well());
    let entry = journal::Entry::new("session.began", "person:1", site.now_ns());
    site.platform.recorder().record(entry.clone()).await.unwrap();
    site.platform.recorder().record(entry).await.unwrap();
    let seal = async || crate::upkeep::seal(&site.platform, &key, &heads).await.unwrap();
    seal().await;
    pass(&site, &mut watch, 60).await;
    assert_eq!(open(&site).await, []);
    pass(&site, &mut watch, 180).await;
    one_alarm(&site, Kind::JournalUnsealed, Severity::Warning).await;
    pass(&site, &mut watch, 400).await;
    assert_eq!(open(&site).await, [(Kind::JournalUnsealed, Severity::Critical)]);
    seal().await;
    pass(&site, &mut watch, 20).await;
    assert_eq!(open(&site).await, []);
    // Somebody changes an entry: within the day it is found, and not before somebody looks again.
    run(
        &site,
        "UPDATE journal SET actor = 'person:2' WHERE id = (SELECT MIN(id) FROM journal)",
    )
    .await;
    site.pass(DAY_NS);
    seal().await;
    pass(&site, &mut watch, 20).await;
    let found = open(&site).await;
    assert!(
        found.contains(&(Kind::JournalBroken, Severity::Critical)),
        "{found:?}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A folder on a small disk of its own, in memory; taken away at the end.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    /// None where this machine does not let us mount.
    fn mount() -> Option<Self> {
        let path = std::env::temp_dir().join(format!("small-disk-{}", std::process::id()));
        std::fs::create_dir_all(&path).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=10m", "tmpfs"])
            .arg(&path)
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[tokio::test]
async fn a_disk_that_is_filled_is_told_of_within_a_minute_and_clears() {
    let site = Site::new().await;
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("no disk can be mounted here: the figure alone is tested");
        assert!(used_percent(Path::new("/")).is_some_and(|used| (0.0..=100.0).contains(&used)));
        return;
    };
    let machine = Machine::new(Places {
        disks: vec![("data".to_owned(), disk.0.clone())],
        ..Places::default()
    });
    let mut watch = watching(&site, "node", machine).await;
    let is_low = async |site: &Site| open(site).await.contains(&(Kind::DiskLow, Severity::Critical));
    pass(&site, &mut watch, 20).await;
    assert!(!is_low(&site).await);
    let fill = disk.0.join("fill");
    std::fs::write(&fill, vec![1_u8; 9_500_000]).unwrap();
    assert!(used_percent(&disk.0).unwrap() >= 90.0);
    let mut raised_s = None;
    for seconds in (10..=60).step_by(10) {
        pass(&site, &mut watch, 10).await;
        if raised_s.is_none() && is_low(&site).await {
            raised_s = Some(seconds);
        }
    }
    assert!(raised_s.is_some_and(|raised_s| raised_s <= 60), "{raised_s:?}");
    assert_eq!(
        site.count("SELECT COUNT(*) FROM alarms WHERE kind = 'disk-low'")
            .await,
        1
    );
    std::fs::remove_file(&fill).unwrap();
    pass(&site, &mut watch, 10).await;
    assert!(!is_low(&site).await);
}

#[test]
fn days_are_read_from_a_certificate() {
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(2026, 12, 31);
    let key = rcgen::KeyPair::generate().unwrap();
    let path = std::env::temp_dir().join(format!("certificate-{}.pem", std::process::id()));
    std::fs::write(&path, parameters.self_signed(&key).unwrap().pem()).unwrap();
    let days = |text: &str| days_left(&path, crate::clock::Zone::utc().day_begins_ns(text).unwrap());
    assert_eq!(days("2026-12-01"), Some(30.0));
    assert_eq!(days("2027-01-01"), Some(-1.0));
    std::fs::write(&path, "no certificate").unwrap();
    assert_eq!(days("2026-12-01"), None);
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn this_machine_is_measured() {
    let site = Site::new().await;
    let machine = Machine::new(Places {
        disks: vec![("data".to_owned(), std::env::temp_dir())],
        ..Places::default()
    });
    let mut watch = watching(&site, "node", machine).await;
    watch.beat().await.unwrap();
    let found = current(site.platform.readers()).await.unwrap();
    for (metric, most) in [
        ("cpu", 100.0),
        ("memory", 100.0),
        ("disk:data", 100.0),
        ("load", 10_000.0),
    ] {
        let one = found.iter().find(|one| one.metric == metric).unwrap();
        assert!(
            one.value.is_some_and(|value| (0.0..=most).contains(&value)),
            "{metric} {:?}",
            one.value
        );
    }
}

#[tokio::test]
async fn a_site_without_a_recent_backup_alarms() {
    let site = Site::new().await;
    let look = async || {
        let change = site.platform.writer().begin().await.unwrap();
        super::super::site::backup(&site.platform, &change, site.now_ns())
            .await
            .unwrap();
        change.commit().await.unwrap();
    };
    let entry = async |kind, subject: &str| {
        let change = site.platform.writer().begin().await.unwrap();
        let entry = journal::Entry {
            subject: Some(subject.to_owned()),
            ..journal::Entry::new(kind, "cli", site.now_ns())
        };
        journal::append(&change, &[entry]).await.unwrap();
        change.commit().await.unwrap();
    };
    // A new site has a week for its first.
    entry("organisation.added", "organisation:1").await;
    site.pass(7 * DAY_NS);
    look().await;
    assert_eq!(open(&site).await, []);
    site.pass(1);
    look().await;
    one_alarm(&site, Kind::BackupOld, Severity::Warning).await;
    entry("backup.made", "backup:2026-12-01T02-30-00-000Z").await;
    look().await;
    assert_eq!(open(&site).await, []);
    // A later restoring is no backup.
    site.pass(DAY_NS);
    entry("backup.restored", "backup:2026-12-02T02-30-00-000Z").await;
    site.pass(DAY_NS / 12);
    look().await;
    assert_eq!(open(&site).await, [(Kind::BackupOld, Severity::Warning)]);
}
