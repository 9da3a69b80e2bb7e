//! Template messages of the site's official account. WeChat sends once what comes again under one `client_msg_id` within
//! ten minutes.

use std::sync::Arc;

use database::schema::Boxed;

use super::{Letter, Provider};
use crate::jobs::Failure;
use crate::secrets;
use crate::sign_in::wechat::{Client, Failure as WeChatFailure};

/// Sends by the official account.
#[derive(Debug)]
pub(super) struct Official(Arc<Client>);

impl Official {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self(client)
    }
}

impl Provider for Official {
    fn name(&self) -> &'static str {
        "wechat"
    }

    fn takes(&self, template: &str) -> bool {
        template == "notice" && self.0.has_template()
    }

    fn ready(&self, now_ns: i64) -> Boxed<'_, Result<String, Failure>> {
        Box::pin(async move {
            let token = self.0.token(now_ns).await;
            token.map_err(|failure| match failure {
                WeChatFailure::Unreachable => Failure::Later("no connection".to_owned()),
                WeChatFailure::Refused(code) => Failure::Later(format!("errcode.{code}")),
            })
        })
    }

    fn send<'a>(&'a self, letter: &'a Letter, ready: &'a str, _: i64) -> Boxed<'a, Result<String, Failure>> {
        Box::pin(async move {
            let said = |name: &str| letter.arguments[name].as_str().unwrap_or_default();
            // The key is of any length and may name rows; its hash is not.
            let key = &secrets::kept(&letter.key)[..32];
            let sent = self
                .0
                .send(&letter.to, said("words"), said("link"), key, ready)
                .await;
            sent.map_err(|failure| match failure {
                WeChatFailure::Unreachable => Failure::NoAnswer("no answer".to_owned()),
                // Its system is busy (-1), the token is old (40001, 42001), or too many came (45009).
                WeChatFailure::Refused(code @ (-1 | 40001 | 42001 | 45009)) => {
                    Failure::Later(format!("errcode.{code}"))
                }
                WeChatFailure::Refused(code) => Failure::Never(format!("errcode.{code}")),
            })
        })
    }
}
