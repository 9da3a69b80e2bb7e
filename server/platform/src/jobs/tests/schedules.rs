//! What is done at times.

use super::*;

const NIGHTLY: &[Schedule] = &[Schedule {
    name: "nightly",
    when: When::Daily { minute: 150 },
    kind: "count",
}];

#[tokio::test]
async fn a_schedule_is_fired_once_among_two_nodes_and_missed_times_once() {
    let site = Site::new().await;
    let other = site.node().await;
    let (mut here, mut there) = (Dues::default(), Dues::default());
    let count = async || site.count("SELECT COUNT(*) FROM jobs").await;
    let both = async |here: &mut Dues, there: &mut Dues| {
        let fired = tokio::join!(fire(&site.platform, NIGHTLY, here), fire(&other, NIGHTLY, there));
        fired.0.unwrap();
        fired.1.unwrap();
    };
    // A new schedule begins with its next time: it is Monday, 10:00.
    both(&mut here, &mut there).await;
    assert_eq!(count().await, 0);
    site.pass(16 * 60 * MINUTE_NS + 29 * MINUTE_NS);
    both(&mut here, &mut there).await;
    assert_eq!(count().await, 0, "02:29");
    site.pass(MINUTE_NS);
    both(&mut here, &mut there).await;
    both(&mut here, &mut there).await;
    assert_eq!(count().await, 1, "02:30");
    // Nobody was there for nine days.
    site.pass(9 * DAY_NS);
    let (mut here, mut there) = (Dues::default(), Dues::default());
    both(&mut here, &mut there).await;
    assert_eq!(count().await, 2);
}

#[test]
fn times_of_the_day_are_the_sites_own() {
    let at = |text: &str| {
        chrono::DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp_nanos_opt()
            .unwrap()
    };
    for (zone, minute, now, expected) in [
        (
            "+08:00",
            150,
            "2026-11-30T10:00:00+08:00",
            "2026-11-30T02:30:00+08:00",
        ),
        (
            "+08:00",
            150,
            "2026-11-30T02:29:59+08:00",
            "2026-11-29T02:30:00+08:00",
        ),
        (
            "+08:00",
            150,
            "2026-11-30T02:30:00+08:00",
            "2026-11-30T02:30:00+08:00",
        ),
        (
            "-09:30",
            0,
            "2026-12-31T23:59:00-09:30",
            "2026-12-31T00:00:00-09:30",
        ),
        (
            "+05:45",
            1439,
            "2027-01-01T00:00:00+05:45",
            "2026-12-31T23:59:00+05:45",
        ),
    ] {
        let zone = Zone::from_text(zone).unwrap();
        let found = When::Daily { minute }.last_due_ns(at(now), zone);
        assert_eq!(found, at(expected), "{now}");
    }
    let hourly = When::Every {
        period_ns: 60 * MINUTE_NS,
    };
    let found = hourly.last_due_ns(at("2026-11-30T10:59:59Z"), Zone::default());
    assert_eq!(found, at("2026-11-30T10:00:00Z"));
}

#[tokio::test]
async fn a_site_that_puts_its_clocks_back_or_forward_does_it_once_a_day() {
    // The offset is a setting: a node that begins anew has the other one.
    let place = Site::new().await;
    let zoned = async |text: &str| {
        let mut settings = place.platform.settings().clone();
        settings.zone = Zone::from_text(text).unwrap();
        place.node_with(settings).await
    };
    let (winter, summer) = (zoned("+01:00").await, zoned("+02:00").await);
    let fire_by = async |node: &crate::Platform| {
        fire(node, NIGHTLY, &mut Dues::default()).await.unwrap();
        place.count("SELECT COUNT(*) FROM jobs").await
    };
    assert_eq!(fire_by(&summer).await, 0);
    place.pass(DAY_NS);
    assert_eq!(fire_by(&summer).await, 1);
    // Back an hour: the same half past two comes again.
    assert_eq!(fire_by(&winter).await, 1);
    for day in 2..5 {
        place.pass(DAY_NS);
        assert_eq!(fire_by(&winter).await, day);
        assert_eq!(fire_by(&winter).await, day);
    }
    // Forward an hour.
    assert_eq!(fire_by(&summer).await, 4);
    place.pass(DAY_NS);
    assert_eq!(fire_by(&summer).await, 5);
}
