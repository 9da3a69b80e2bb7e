//! What people see of jobs, and decide about them.

use super::*;

#[tokio::test]
async fn people_cancel_what_waits_and_what_runs() {
    let site = Site::new().await;
    let (waits, runs) = (key(&site, "waits"), key(&site, "runs"));
    let officer = site.officer("jobs").await;
    // Kinds of the table, which the pages know.
    let (none, task) = (json!({}), "push-notice");
    add_one(&site, task, &waits, none.clone()).await;
    let path = format!("/platform/jobs/{}", id(&site, &waits).await);
    officer.post(&format!("{path}/cancel"), &[]).await.leads_to(&path);
    assert_eq!(state(&site, &waits).await.0, "cancelled");
    officer.post(&format!("{path}/cancel"), &[]).await.is(409);
    add_one(&site, task, &runs, none).await;
    // As if this kind took long.
    const SLOW: &[Kind] = &[kind("push-notice", Outside::Nothing, |_, _| {
        Box::pin(std::future::pending())
    })];
    let slow = Worker::new(site.platform.clone(), SLOW, &[]).prolonging(Duration::from_millis(20));
    let path = format!("/platform/jobs/{}", id(&site, &runs).await);
    let cancel = async {
        while state(&site, &runs).await.0 != "running" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        officer.post(&format!("{path}/cancel"), &[]).await.leads_to(&path);
    };
    let (done, ()) = tokio::join!(slow.step(1), cancel);
    assert_eq!(done.unwrap(), 1);
    assert_eq!(state(&site, &runs).await.0, "cancelled");
    assert_eq!(site.entries("job.cancelled").await.len(), 2);
}

/// Ends a job of the table in a state, as if it had come so far.
async fn left(site: &Site, key: &str, kind: &'static str, state: &str) -> String {
    add_one(site, kind, key, json!({})).await;
    let change = site.platform.writer().begin().await.unwrap();
    let mut sql = Sql::new("UPDATE jobs SET tries = 5, sent_ns = 1, error = 'no answer', state = ");
    sql.bind(state).push(" WHERE key = ").bind(key);
    sql.run(&*change).await.unwrap();
    change.commit().await.unwrap();
    format!("/platform/jobs/{}", id(site, key).await)
}

#[tokio::test]
async fn people_decide_about_what_failed_and_what_nobody_knows() {
    let site = Site::new().await;
    let officer = site.officer("jobs").await;
    let unknown = left(&site, "u1", "send-sms", "unknown").await;
    let page = officer.get(&unknown).await;
    assert!(
        page.text.contains("再次发送") && page.text.contains("未收到答复"),
        "{}",
        page.text
    );
    // What nobody knows is not simply tried again, with the failed ones neither.
    officer.post(&format!("{unknown}/retry"), &[]).await.is(409);
    officer
        .post("/platform/jobs/retry", &[])
        .await
        .leads_to("/platform/jobs");
    assert_eq!(state(&site, "u1").await.0, "unknown");
    officer
        .post(&format!("{unknown}/send-again"), &[])
        .await
        .leads_to(&unknown);
    assert_eq!(state(&site, "u1").await, ("waiting".to_owned(), 0));
    assert_eq!(
        site.count("SELECT COUNT(*) FROM jobs WHERE sent_ns IS NOT NULL")
            .await,
        0
    );
    let other = left(&site, "u2", "send-sms", "unknown").await;
    officer
        .post(&format!("{other}/leave"), &[])
        .await
        .leads_to(&other);
    assert_eq!(state(&site, "u2").await.0, "cancelled");
    officer.post(&format!("{other}/send-again"), &[]).await.is(409);
    let failed = left(&site, "f1", "send-mail", "failed").await;
    left(&site, "f2", "send-mail", "failed").await;
    left(&site, "f3", "tidy", "failed").await;
    officer
        .post(&format!("{failed}/retry"), &[])
        .await
        .leads_to(&failed);
    assert_eq!(state(&site, "f1").await, ("waiting".to_owned(), 0));
    // Many, of one kind.
    officer
        .post("/platform/jobs/retry", &[("kind", "send-mail")])
        .await
        .leads_to("/platform/jobs");
    assert_eq!(state(&site, "f2").await.0, "waiting");
    assert_eq!(state(&site, "f3").await.0, "failed");
    let retried = site.entries("job.retried").await;
    assert_eq!(retried.len(), 3);
    assert!(
        retried
            .iter()
            .any(|entry| entry.detail.as_deref() == Some("{\"jobs\":1}"))
    );
    assert_eq!(site.entries("job.sent-again").await.len(), 1);
    assert_eq!(site.entries("job.left").await.len(), 1);
    officer.post("/platform/jobs/4711/retry", &[]).await.is(409);
    officer.get("/platform/jobs/4711").await.is(404);
}

#[tokio::test]
async fn the_list_goes_on_by_keys_and_shows_how_far_jobs_are() {
    let site = Site::new().await;
    for number in 0..120 {
        add_one(&site, "tidy", &format!("many {number}"), Value::Null).await;
    }
    let officer = site.officer("jobs").await;
    let mut seen = Vec::new();
    let mut path = "/platform/jobs?state=waiting&kind=tidy".to_owned();
    loop {
        let page = officer.get(&path).await;
        page.is(200);
        let rows = page.text.split("href=\"/platform/jobs/").skip(1);
        seen.extend(rows.filter_map(|rest| rest.split('"').next().unwrap().parse::<i64>().ok()));
        let Some((_, rest)) = page.text.split_once("rel=\"next\" href=\"") else {
            break;
        };
        path = rest.split('"').next().unwrap().replace("&amp;", "&");
    }
    seen.dedup();
    assert_eq!(seen.len(), 120);
    assert!(seen.is_sorted_by(|one, next| one > next));
    // Nothing that is asked for makes anything but a list.
    for query in [
        "state='--",
        "kind=%3Cscript%3E",
        "after=x",
        "after=-9223372036854775808",
        "state=done&kind=%00",
    ] {
        officer.get(&format!("/platform/jobs?{query}")).await.is(200);
    }
    let key = key(&site, "parts");
    add_one(&site, "parts", &key, Value::Null).await;
    let change = site.platform.writer().begin().await.unwrap();
    change
        .run(&Sql::new("DELETE FROM jobs WHERE kind = 'tidy'"))
        .await
        .unwrap();
    change.commit().await.unwrap();
    let worker = worker(&site);
    let mut tasks = worker.take(1).await.unwrap();
    let (_ending, is_ending) = tokio::sync::watch::channel(false);
    let doing = worker.work(tasks.remove(0), is_ending);
    let looked = async {
        loop {
            let page = officer.get("/platform/jobs").await;
            if page.text.contains("3/8") {
                break page;
            }
        }
    };
    let page = tokio::select! { () = doing => panic!("it never ends"), page = looked => page };
    // It is asked again while something moves.
    assert!(page.text.contains("hx-trigger=\"every 3s\""), "{}", page.text);
}

#[tokio::test]
async fn what_ended_long_ago_is_tidied_by_an_hourly_job() {
    let site = Site::new().await;
    let key = key(&site, "old");
    add_one(&site, "count", &key, Value::Null).await;
    work(&site).await;
    left(&site, "dead", "tidy", "failed").await;
    let change = site.platform.writer().begin().await.unwrap();
    let mut sql = Sql::new("UPDATE jobs SET ended_ns = ");
    sql.bind(site.now_ns()).run(&*change).await.unwrap();
    change.commit().await.unwrap();
    site.pass(31 * DAY_NS);
    add_one(&site, "tidy", "tidy-now", Value::Null).await;
    crate::jobs::work_off(&site.platform).await;
    assert_eq!(
        site.count("SELECT COUNT(*) FROM jobs WHERE state = 'failed'")
            .await,
        1
    );
    assert_eq!(
        site.count("SELECT COUNT(*) FROM jobs WHERE kind = 'count'").await,
        0
    );
    assert_eq!(state(&site, "tidy-now").await.0, "done");
}
