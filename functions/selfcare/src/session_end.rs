//! DELETE /v1/selfcare/sessions/{sessionId}: ends one session, or all of them (rule 24).

use schemars::JsonSchema;
use serde::Deserialize;
use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::{Holder, HolderActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

/// Ends a session.
pub struct SessionEnd;

/// Input of the operation.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Input {
    /// The session's id, `current` for this one, `all` for every one.
    #[schemars(length(min = 1, max = 64))]
    session_id: String,
}

impl Operation for SessionEnd {
    const SPEC: Spec = Spec::delete("selfcare.session.end", "/v1/selfcare/sessions/{sessionId}")
        .summary("End a session: by its id, `current`, or `all`")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Identities, Action::DeleteItem), grant(Table::Identities, Action::UpdateItem)])
        .problems(&[Code::NotFound]);
    // Leaving is allowed at every level: a session that is too weak for anything else can still be ended.
    type Auth = Holder;
    type Input = Input;
    type Output = ();

    async fn handle(cx: &Cx, holder: HolderActor, input: Input) -> Result<Reply<()>, Failure> {
        let epoch = holder.records.auth.epoch;
        let mut commit = Commit::new();
        if input.session_id == "all" {
            commit.update_auth(Commit::auth(&holder.owner).same_epoch(epoch).end_sessions(), Code::ChangedMeanwhile);
            return Ok(Reply::after(commit, ()));
        }
        let id = if input.session_id == "current" { holder.session.id() } else { &input.session_id };
        let open = holder.records.sessions.iter().find(|session| session.id() == id && session.is_open(epoch, cx.now));
        commit.end_session(&holder.owner, open.ok_or(Code::NotFound)?.id());
        Ok(Reply::after(commit, ()))
    }
}
