//! The customer area: services, orders, renewals.

mod service_view;

sportello_runtime::operations! {
    session_open::SessionOpen,
    session_close::SessionClose,
    service_list::ServiceList,
    service_read::ServiceRead,
    service_cancel::ServiceCancel,
    unlock_by_link_read::UnlockByLinkRead,
    unlock_by_link::UnlockByLink,
}
