//! DELETE /v1/customer/sessions/current: a customer leaves the customer area (rule 59).

use sportello_contract::problem::Code;
use sportello_contract::spec::{Action, Limit, Spec, Table, grant};
use sportello_runtime::access::{Customer, CustomerActor};
use sportello_runtime::{Cx, Failure, Operation, Reply};
use sportello_store::commit::Commit;

/// Closes the session of the request.
pub struct SessionClose;

impl Operation for SessionClose {
    const SPEC: Spec = Spec::delete("customer.session.close", "/v1/customer/sessions/current")
        .summary("Leave the customer area")
        .limit(Limit::ORDINARY)
        .grants(&[grant(Table::Orders, Action::DeleteItem)])
        // Two requests at once: the second finds the session gone.
        .problems(&[Code::NotFound]);
    type Auth = Customer;
    type Input = ();
    type Output = ();

    async fn handle(_: &Cx, customer: CustomerActor, (): ()) -> Result<Reply<()>, Failure> {
        let mut commit = Commit::new();
        commit.end_session(&customer.owner, customer.session.id());
        Ok(Reply::after(commit, ()))
    }
}
