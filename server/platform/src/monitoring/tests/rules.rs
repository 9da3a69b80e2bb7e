//! Limits, addresses, quiet hours: rules without a database.

use super::super::limits::{Level, Limits, Standing, judge};
use super::super::on_call::OnCall;
use super::super::probe::is_address;

const LIMITS: Limits = Limits {
    warning: 80.0,
    critical: 90.0,
    margin: 2.0,
    samples: 2,
};

/// The levels after each of some samples.
fn levels(limits: &Limits, is_low_bad: bool, samples: &[Option<f64>]) -> Vec<Level> {
    let mut standing = Standing::default();
    samples
        .iter()
        .map(|value| {
            standing = judge(limits, is_low_bad, standing, *value);
            standing.level
        })
        .collect()
}

#[test]
fn it_gets_worse_after_some_samples_and_better_beyond_the_margin() {
    use Level::{Critical as C, Normal as N, Warning as W};
    for (samples, expected) in [
        (&[79.9, 79.9][..], &[N, N][..]),
        (&[80.0, 80.0], &[N, W]),
        // One sample alone is none.
        (&[85.0, 70.0, 85.0, 70.0], &[N, N, N, N]),
        // Around the limit nothing changes once it is raised.
        (&[81.0, 81.0, 79.0, 81.0, 78.0, 77.9], &[N, W, W, W, W, N]),
        (&[95.0, 95.0, 89.0, 88.0, 87.9, 77.0], &[N, C, C, C, W, N]),
        // On the way up the samples count together.
        (&[85.0, 95.0], &[N, C]),
        (&[81.0, 81.0, 95.0, 95.0], &[N, W, W, C]),
    ] {
        let samples: Vec<Option<f64>> = samples.iter().copied().map(Some).collect();
        assert_eq!(levels(&LIMITS, false, &samples), expected, "{samples:?}");
    }
    assert_eq!(levels(&LIMITS, false, &[None, None, Some(1.0)]), [N, C, N]);
}

#[test]
fn days_of_a_certificate_are_worse_when_there_are_fewer() {
    use Level::{Critical as C, Normal as N, Warning as W};
    let limits = Limits {
        warning: 30.0,
        critical: 7.0,
        margin: 0.5,
        samples: 1,
    };
    let samples = [31.0, 30.0, 30.2, 7.0, 7.4, 8.0, 31.0].map(Some);
    assert_eq!(levels(&limits, true, &samples), [N, W, W, C, C, W, N]);
}

#[test]
fn addresses_that_can_be_asked() {
    for text in [
        "https://his.hospital.example/health",
        "http://10.0.0.3:9000",
        "10.0.0.3:104",
        "[::1]:2762",
        "pacs-1:11112",
    ] {
        assert!(is_address(text), "{text}");
    }
    for text in [
        "",
        "host",
        "host:0",
        "host:99999",
        "https://user:word@host/",
        "https://",
        "ftp://host/",
        "ho st:80",
        ":80",
        "file:///etc/passwd",
    ] {
        assert!(!is_address(text), "{text}");
    }
}

#[test]
fn quiet_hours_go_over_midnight() {
    let one = |quiet_from, quiet_until| OnCall {
        person: 1,
        name: String::new(),
        mobile: String::new(),
        position: 1,
        quiet_from,
        quiet_until,
        wait_minutes: 15,
    };
    let night = one(22 * 60, 7 * 60);
    for (minute, expected) in [
        (22 * 60 - 1, false),
        (22 * 60, true),
        (0, true),
        (7 * 60 - 1, true),
        (7 * 60, false),
    ] {
        assert_eq!(night.is_quiet(minute), expected, "{minute}");
    }
    assert!(one(60, 120).is_quiet(90) && !one(60, 120).is_quiet(120));
    assert!(!one(0, 0).is_quiet(0));
}
