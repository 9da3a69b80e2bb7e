//! The gateway's page: cards that show how it stands, and forms that need no script. In Chinese or in English; what other
//! programs and the log say stays as they say it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Finding;
use super::language::Language;
use super::local::address;
use super::role::Standing;
use crate::clock::now_ns;
use crate::delivery::{Delivery, State};
use crate::ingest::Refused;
use crate::routing::Destination;

const STYLE: &str = include_str!("style.css");
/// Refused objects that are shown.
const SHOWN: usize = 20;

/// What a page is made for: in which language, and what stands in its forms.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) language: Language,
    pub(super) form_token: &'a str,
}

impl View<'_> {
    fn say<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        self.language.say(chinese, english)
    }

    /// A form of one button, plain where nobody waits for it.
    fn button(&self, action: &str, words: &str, is_plain: bool) -> Markup {
        html! {
            form method="post" action=(action) {
                (self.token())
                button.plain[is_plain] type="submit" { (words) }
            }
        }
    }

    fn token(&self) -> Markup {
        html! { input type="hidden" name="form_token" value=(self.form_token); }
    }

    /// How long ago, in words: the page knows no time zone.
    fn ago(&self, at_ns: i64) -> String {
        let seconds = (now_ns().saturating_sub(at_ns) / 1_000_000_000).max(0);
        let (number, chinese, english) = match seconds {
            ..=59 => (seconds, "秒", "second"),
            60..=3599 => (seconds / 60, "分钟", "minute"),
            3600..=86_399 => (seconds / 3600, "小时", "hour"),
            _ => (seconds / 86_400, "天", "day"),
        };
        match self.language {
            Language::Chinese => format!("{number} {chinese}前"),
            Language::English => format!("{} ago", counted(number, english)),
        }
    }

    fn times(&self, number: i64) -> String {
        match self.language {
            Language::Chinese => format!("尝试 {number} 次"),
            Language::English => counted(number, "attempt"),
        }
    }
}

/// A number with its word in English.
fn counted(number: i64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// The page, with a message where something did not go.
pub(super) fn page(standing: &Standing, view: View<'_>, message: Option<&str>) -> Markup {
    let title = view.say("影像前置机", "Imaging gateway");
    let (other, name) = match view.language {
        Language::Chinese => (Language::English, "English"),
        Language::English => (Language::Chinese, "中文"),
    };
    html! {
        (DOCTYPE)
        html lang=(view.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (title) }
                    nav {
                        a href="/" { (view.say("刷新", "Refresh")) }
                        a href=(format!("/?lang={}", other.tag())) lang=(other.tag()) { (name) }
                    }
                }
                main {
                    @if let Some(message) = message {
                        p.message role="alert" { (message) }
                    }
                    div.cards {
                        (service(standing, view))
                        @for destination in &standing.destinations {
                            (node(standing, destination, view))
                        }
                        @if standing.destinations.is_empty() {
                            section.card {
                                h2 { (view.say("转发节点", "Destinations")) }
                                p.quiet {
                                    (view.say(
                                        "配置文件中还没有转发节点，收到的影像暂存在本机。",
                                        "No destination is configured; what is received stays here.",
                                    ))
                                }
                            }
                        }
                    }
                    (held(&standing.held, view))
                    (refused(&standing.refused, view))
                    (log(&standing.delivered, view))
                }
            }
        }
    }
}

fn service(standing: &Standing, view: View<'_>) -> Markup {
    let running = standing.service.as_ref();
    let service = running.unwrap_or(&standing.wanted);
    let (port, title) = (view.say("端口", "Port"), view.say("AE 标题", "AE title"));
    html! {
        section.card {
            p.eyebrow { (view.say("本机", "This machine")) }
            h2 { (view.say("接收服务", "Receive service")) }
            @if running.is_some() {
                p.state.good { (view.say("运行中", "Running")) }
                dl {
                    dt { (port) }
                    dd { (service.address.port()) }
                    dt { (title) }
                    dd { (service.ae_title) }
                }
                (view.button("/receive/stop", view.say("停止接收", "Stop"), true))
            } @else {
                p.state.off { (view.say("已停止", "Stopped")) }
                form method="post" action="/receive/start" {
                    (view.token())
                    label {
                        span { (port) }
                        input type="number" name="port" min="1" max="65535" required value=(service.address.port());
                    }
                    label {
                        span { (title) }
                        input type="text" name="ae_title" maxlength="16" required value=(service.ae_title);
                    }
                    button type="submit" { (view.say("开始接收", "Start")) }
                }
            }
        }
    }
}

fn node(standing: &Standing, destination: &Destination, view: View<'_>) -> Markup {
    let name = &destination.name;
    let count = |state| {
        let own = standing
            .counts
            .iter()
            .find(|one| one.destination == *name && one.state == state);
        own.map_or(0, |one| one.number)
    };
    html! {
        section.card {
            p.eyebrow { (view.say("转发节点", "Destination")) }
            h2 { (name) }
            p.address { (address(&destination.node)) }
            @if let Some(trouble) = standing.troubles.get(name) {
                p.state.bad { (view.say("暂时无法送达", "Not reached now")) }
                p.quiet {
                    @match view.language {
                        Language::Chinese => { "连续失败 " (trouble.failures) " 次" }
                        Language::English => { (counted(trouble.failures.into(), "failure")) " in a row" }
                    }
                    " · " (view.ago(trouble.at_ns))
                }
                p.reason lang="en" { (trouble.words) }
            } @else {
                p.state.good { (view.say("正常", "No trouble")) }
            }
            dl {
                dt { (view.say("等待", "Waiting")) }
                dd { (count(State::Waiting) + count(State::Sending)) }
                dt { (view.say("已送达", "Delivered")) }
                dd { (count(State::Delivered)) }
                dt { (view.say("已隔离", "Held")) }
                dd { (count(State::Quarantined)) }
            }
            @if let Some(checked) = standing.checked.get(name) {
                @let good = checked.finding == Finding::Good;
                p.good[good].bad[!good] {
                    @match view.language {
                        Language::Chinese => (checked.finding.in_chinese()),
                        Language::English => (checked.finding),
                    }
                    " " span.quiet.ago { (view.ago(checked.at_ns)) }
                }
            }
            (view.button(
                &format!("/nodes/{}/test", percent_encoded(name)),
                view.say("测试连接", "Test connection"),
                true,
            ))
        }
    }
}

fn held(held: &[Delivery], view: View<'_>) -> Markup {
    html! {
        section.card.wide {
            h2 { (view.say("隔离的影像", "Held objects")) }
            @if held.is_empty() {
                p.quiet { (view.say("没有隔离的影像。", "Nothing is held.")) }
            } @else {
                p.quiet {
                    (view.say(
                        "这些影像没有丢失：排除原因后可重新发送。",
                        "Nothing of it is lost: send it again when the reason is gone.",
                    ))
                }
                ul.rows {
                    @for delivery in held {
                        li {
                            (identity(delivery, view))
                            (view.button(
                                &format!("/deliveries/{}/retry", delivery.id),
                                view.say("重新发送", "Send again"),
                                false,
                            ))
                        }
                    }
                }
            }
        }
    }
}

/// What could not be read when it came; absent when nothing was.
fn refused(refused: &[Refused], view: View<'_>) -> Markup {
    let number = refused.len();
    html! {
        @if number > 0 {
            section.card.wide {
                h2 { (view.say("接收时被拒的影像", "Refused on receipt")) }
                p.quiet {
                    @match view.language {
                        Language::Chinese => {
                            "共 " (number) " 个，发送设备已收到失败应答；原始数据保存在数据目录的 refused 文件夹。"
                        }
                        Language::English => {
                            (counted(number as i64, "object")) "; their senders were told, and the bytes are in the data \
                             folder's refused."
                        }
                    }
                }
                ul.rows {
                    @for refused in refused.iter().take(SHOWN) {
                        li {
                            div {
                                p.uid { (refused.hash) }
                                p.reason lang="en" { (refused.words) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn log(delivered: &[Delivery], view: View<'_>) -> Markup {
    html! {
        section.card.wide {
            h2 { (view.say("最近送达", "Delivered last")) }
            @if delivered.is_empty() {
                p.quiet { (view.say("还没有送达的影像。", "Nothing was delivered yet.")) }
            } @else {
                ul.rows {
                    @for delivery in delivered {
                        li { (identity(delivery, view)) }
                    }
                }
            }
        }
    }
}

/// Which object, whereto, how long ago; and what was said of it.
fn identity(delivery: &Delivery, view: View<'_>) -> Markup {
    let is_held = delivery.state == State::Quarantined;
    html! {
        div {
            p.uid { (delivery.sop_uid) }
            p.quiet {
                (delivery.destination) " · " (view.ago(delivery.changed_ns)) " · " (view.times(delivery.attempts))
            }
            @if let Some(words) = &delivery.reason {
                p.reason[is_held].quiet[!is_held] lang="en" { (words) }
            }
        }
    }
}

/// A name as one segment of a path (RFC 3986 2.3).
fn percent_encoded(name: &str) -> String {
    let encoded = name.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}
