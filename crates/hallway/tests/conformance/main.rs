//! One suite over the matrix: every scenario over every transport, and over every framing, encoding and
//! protocol that go together.
//!
//! A new framing or encoding is in the library's own list of them, and thereby in here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what a test calls may fail as loudly as the test"
)]

mod both_ways;
mod calls;
mod drain;
mod endings;
mod exhausted;
mod frames;
mod hello;
mod lost;
mod newer;
mod pressure;
mod stage;
mod streams;
mod timed;
mod topics;
mod waiting;

hallway_testkit::scenarios! {
    services: hallway_testkit::probe;

    calls::answers_go_to_their_calls on everything;
    calls::a_later_call_may_be_answered_first on everything;
    calls::many_calls_in_one_write_are_all_answered on everything;
    calls::values_arrive_as_they_were_sent on everything;
    calls::parameters_may_be_left_out_where_they_have_a_default on everything;
    calls::bad_parameters_are_refused_with_the_id on everything;
    calls::what_is_not_served_is_refused_and_the_near_name_told on everything;
    calls::an_id_in_use_is_refused_and_its_call_goes_on on everything;
    calls::a_panic_is_the_error_of_its_call_alone on everything;
    calls::the_no_of_a_service_is_not_a_failure_of_the_conversation on everything;
    calls::a_result_that_is_too_long_is_an_error_of_its_call on everything;
    calls::parameters_that_are_too_long_are_not_sent on everything;
    calls::a_result_that_the_encoding_cannot_hold_is_an_error_of_its_call on everything;
    calls::notifications_arrive_and_are_not_answered on everything;
    calls::a_clients_notification_arrives on everything;
    calls::a_call_tells_how_far_it_has_come on everything;
    calls::a_client_hears_how_far_its_call_has_come on everything;
    calls::a_value_that_panics_is_an_error_of_its_call on everything;
    calls::clones_of_a_client_share_its_connection on everything;

    endings::dropping_the_future_drops_the_handler on everything;
    endings::a_call_that_is_taken_back_is_answered_so on everything;
    endings::taking_back_what_is_not_there_changes_nothing on everything;
    endings::a_lost_connection_drops_its_handlers_and_frees_its_places on shared;
    endings::a_notification_ends_with_its_connection on shared;
    endings::a_deadline_ends_the_call_on_both_sides on everything;
    endings::the_server_keeps_the_deadline_by_itself on everything;
    endings::a_call_that_waits_in_line_keeps_its_deadline on shared;
    endings::a_call_without_any_time_does_not_run on everything;
    endings::who_has_finished_sending_still_gets_the_answers on unix;
    endings::more_calls_than_run_wait_in_line on shared;
    endings::more_calls_than_may_be_open_are_refused on shared;
    endings::a_client_waits_where_too_many_calls_are_open on shared;

    streams::a_stream_is_in_order_and_ends on everything;
    streams::a_stream_may_end_with_a_no on everything;
    streams::a_stream_stops_where_its_credit_does on everything;
    streams::a_window_of_nothing_waits_for_the_first_grant on everything;
    streams::a_slow_reader_stops_its_own_stream_only on everything;
    streams::dropping_a_stream_takes_it_back on everything;
    streams::the_last_client_may_go_before_its_stream on everything;
    streams::a_window_of_one_is_slow_and_works on everything;
    streams::many_streams_share_a_connection on everything;
    streams::an_item_that_is_too_long_ends_its_stream on everything;
    streams::a_refused_stream_says_so_first on everything;

    topics::what_is_published_reaches_every_client on shared;
    topics::events_come_while_a_call_is_under_way on everything;
    topics::a_late_subscriber_is_told_exactly_what_it_missed on everything;
    topics::a_late_client_survives_and_can_add_up on everything;
    topics::a_subscriber_resumes_from_a_number on everything;

    frames::pieces_of_one_byte_are_put_together on everything;
    frames::the_limit_is_allowed_and_one_byte_more_is_answered on everything;
    frames::seventeen_mebibytes_are_read_over_and_answered on everything;
    frames::a_message_that_breaks_off_is_answered_by_its_id on everything;
    frames::nonsense_in_a_frame_is_answered_without_an_id on everything;
    frames::odd_envelopes_are_refused_each_by_its_id on everything;
    frames::what_a_newer_client_adds_is_ignored on everything;
    frames::lengths_that_nobody_means_end_the_connection on shared;
    frames::a_frame_that_never_ends_costs_nothing on shared;
    frames::noise_ends_at_most_its_own_connection on shared;
    frames::deep_nesting_is_refused on everything;

    hello::hello_is_answered_before_anything_is_dispatched on everything;
    hello::what_a_later_hello_holds_is_ignored on everything;
    hello::hello_may_be_left_out_where_no_token_is_asked_for on memory, unix, stdio;
    hello::without_the_token_nothing_runs on tcp;
    hello::a_stranger_gets_no_room_and_no_answers on tcp;

    pressure::a_peer_that_goes_in_the_middle_of_an_answer_is_forgotten on shared;
    pressure::long_calls_and_long_answers_pass_each_other on everything;
    pressure::both_sides_call_each_other_all_at_once on everything;
    pressure::f48_ten_thousand_calls_each_way_do_not_block_each_other on unix, tcp;

    both_ways::a_server_calls_its_client_while_serving_it on everything;
    both_ways::a_client_that_serves_nothing_says_so on everything;
    both_ways::ids_of_both_sides_are_apart on everything;
    both_ways::a_call_that_is_taken_back_takes_back_what_it_asked on everything;
    both_ways::who_has_finished_sending_is_not_asked on unix;
    both_ways::who_has_finished_sending_gets_streams_to_the_end on unix;

    drain::open_calls_finish_and_further_ones_are_refused on shared;
    drain::who_is_idle_is_told_and_let_go on shared;
    drain::a_client_reads_its_streams_to_the_end on shared;
    drain::a_client_can_stop_its_server on shared;

    lost::what_was_not_dispatched_is_called_again on shared;
    lost::a_server_that_always_goes_is_given_up on shared;
    lost::what_may_have_run_is_called_again_only_if_that_is_harmless on shared;
    lost::every_pending_call_hears_of_a_lost_connection on shared;
    lost::a_farewell_tells_which_calls_to_make_again on shared;
    lost::a_call_that_is_refused_for_closing_is_made_again on shared;
    lost::refusals_of_calls_that_crossed_a_farewell_are_no_violation on shared;
    lost::what_is_beside_the_point_is_passed_over on shared;
    lost::an_answer_that_cannot_be_read_ends_its_call on shared;
    lost::an_answer_that_is_too_long_ends_its_call on shared;
    lost::an_answer_of_another_shape_says_so on shared;
    lost::items_beyond_what_was_granted_end_the_connection on shared;
    lost::any_number_of_notices_is_one_notice on shared;
    lost::a_server_that_never_answers_is_left_at_the_deadline on shared;
    lost::who_is_not_let_in_is_told_why on tcp;
    lost::a_stream_that_is_called_as_a_call_is_an_error on everything;

    newer::what_a_newer_server_says_beyond_this_version_is_passed_over on shared;

    waiting::blocking_calls_are_answered on unix, tcp, stdio;
    waiting::blocking_calls_end_at_their_deadline on unix, tcp, stdio;
    waiting::blocking_streams_are_read_as_they_come on unix, tcp, stdio;
    waiting::a_blocking_client_answers_that_it_serves_nothing on unix, tcp, stdio;
    waiting::a_blocking_client_reads_while_it_writes on unix, tcp, stdio;
    waiting::a_blocking_call_of_a_stream_is_an_error on unix, tcp, stdio;
    waiting::a_blocking_client_reads_its_streams_to_the_end on sockets;
    waiting::a_blocking_stranger_is_told_why on tcp;
    waiting::a_blocking_client_connects_again_after_an_idle_loss on sockets;
    waiting::a_blocking_call_is_made_again_only_if_that_is_harmless on sockets;
    waiting::a_blocking_client_passes_over_what_is_beside_the_point on sockets;
    waiting::a_blocking_call_ends_with_an_answer_that_cannot_be_read on sockets;
    waiting::a_blocking_client_counts_what_it_granted on sockets;
    waiting::a_blocking_client_leaves_at_its_deadline_whatever_the_server_does on sockets;
}
