//! GET /v1/selfcare/sessions: the holder's open sessions (rule 24).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use sportello_contract::page::{Page, PageQuery};
use sportello_contract::spec::{Limit, Spec};
use sportello_rules::service::Level;
use sportello_runtime::access::{HolderActor, HolderHighest};
use sportello_runtime::{Cx, Failure, Operation, Reply};

/// Lists the open sessions.
pub struct SessionList;

/// One open session.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Public id, with which it is ended.
    session_id: String,
    /// Whether it is the session of this request.
    current: bool,
    /// Level that was proved.
    #[schemars(with = "Option<String>", extend("enum" = ["l1", "l2", "l3", null]))]
    level: Option<Level>,
    /// Short description of the device.
    device: String,
    /// When it was opened.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When it is over.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
}

impl Operation for SessionList {
    const SPEC: Spec = Spec::get("selfcare.session.list", "/v1/selfcare/sessions")
        .summary("List the open sessions")
        .limit(Limit::ORDINARY)
        .problems(&[sportello_contract::problem::Code::CursorInvalid]);
    type Auth = HolderHighest;
    type Input = PageQuery;
    type Output = Page<Session>;

    async fn handle(cx: &Cx, holder: HolderActor, query: PageQuery) -> Result<Reply<Page<Session>>, Failure> {
        let epoch = holder.records.auth.epoch;
        let mut open: Vec<_> = holder.records.sessions.into_iter().filter(|session| session.is_open(epoch, cx.now)).collect();
        open.sort_by(|a, b| a.id().cmp(b.id()));
        let scope = format!("{}/{}", cx.id, holder.owner.pk());
        let page = cx.cursors(&scope)?.cut(open, |session| session.id().to_owned(), &query, &cx.policy().http)?;
        let items = page.items.into_iter().map(|session| Session {
            session_id: session.id().to_owned(),
            current: session.sk == holder.session.sk,
            level: session.level,
            device: session.device,
            created_at: session.created_at,
            expires_at: session.expires_at,
        });
        Ok(Reply::of(Page { items: items.collect(), next: page.next }))
    }
}
