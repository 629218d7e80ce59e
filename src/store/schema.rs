//! The tables as diesel sees them; `migrations/` is what makes them.

diesel::table! {
    taxpayers (gstin) {
        gstin -> Text,
        legal_name -> Text,
        trade_name -> Nullable<Text>,
        constitution -> Nullable<Text>,
        taxpayer_type -> Nullable<Text>,
        status -> Nullable<Text>,
        registered_on -> Nullable<Text>,
        cancelled_on -> Nullable<Text>,
        centre_jurisdiction -> Nullable<Text>,
        state_jurisdiction -> Nullable<Text>,
        building -> Nullable<Text>,
        street -> Nullable<Text>,
        locality -> Nullable<Text>,
        city -> Nullable<Text>,
        district -> Nullable<Text>,
        state_code -> Nullable<Text>,
        pincode -> Nullable<Text>,
        einvoice_enabled -> Nullable<Bool>,
        sandbox -> Bool,
        people -> Text,
        activities -> Text,
        other_places -> Text,
        compliance_rating -> Nullable<Text>,
        source -> Text,
        imported_at -> BigInt,
    }
}

diesel::table! {
    taxpayer_contacts (gstin, kind, position) {
        gstin -> Text,
        kind -> Text,
        position -> Integer,
        value -> Text,
    }
}

diesel::table! {
    accounts (id) {
        id -> Text,
        portal -> Text,
        username -> Text,
        gstin -> Nullable<Text>,
        password_hash -> Text,
        created_at -> BigInt,
        password_changed_at -> BigInt,
        last_sign_in_at -> Nullable<BigInt>,
        last_sign_in_address -> Nullable<Text>,
        frozen_at -> Nullable<BigInt>,
        name -> Nullable<Text>,
    }
}

diesel::table! {
    sessions (token_hash) {
        token_hash -> Text,
        portal -> Text,
        account_id -> Nullable<Text>,
        state -> Text,
        address -> Text,
        device -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        sid -> Text,
        ended_because -> Nullable<Text>,
    }
}

diesel::table! {
    journeys (id) {
        id -> Text,
        kind -> Text,
        portal -> Text,
        subject -> Text,
        stage -> Text,
        email -> Nullable<Text>,
        mobile -> Nullable<Text>,
        started_at -> BigInt,
        last_seen_at -> BigInt,
        verified_at -> Nullable<BigInt>,
        data -> Nullable<Text>,
    }
}

diesel::table! {
    challenges (id) {
        id -> Text,
        journey_id -> Text,
        purpose -> Text,
        subject -> Text,
        mac -> Text,
        sent_to -> Text,
        tries -> Integer,
        sent_at -> BigInt,
        expires_at -> BigInt,
        consumed_at -> Nullable<BigInt>,
        replaced_at -> Nullable<BigInt>,
        digits -> Integer,
    }
}

diesel::table! {
    credentials (id) {
        id -> Text,
        gstin -> Text,
        api_username -> Text,
        canonical_username -> Text,
        password_hash -> Text,
        status -> Text,
        created_at -> BigInt,
        changed_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        last_used_address -> Nullable<Text>,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        channel -> Text,
        kind -> Text,
        body -> Nullable<Text>,
        state -> Text,
        attempts -> Integer,
        created_at -> BigInt,
        next_attempt_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    demo_messages (id) {
        id -> Text,
        body -> Text,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        at -> BigInt,
        request_id -> Text,
        portal -> Nullable<Text>,
        gstin -> Nullable<Text>,
        account_id -> Nullable<Text>,
        action -> Text,
        outcome -> Text,
        address -> Text,
        device -> Text,
        detail -> Text,
    }
}

diesel::table! {
    counters (key) {
        key -> Text,
        count -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    api_access (gstin) {
        gstin -> Text,
        duration -> Text,
        enabled_at -> BigInt,
        until -> BigInt,
        ended_at -> Nullable<BigInt>,
        account_id -> Text,
        replaced_until -> Nullable<BigInt>,
        next_notice_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    integrators (client_id) {
        client_id -> Text,
        secret_hash -> Text,
        name -> Text,
        pan -> Nullable<Text>,
        gateway -> Bool,
        created_at -> BigInt,
        secret_changed_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    tokens (id) {
        id -> Text,
        token_hash -> Text,
        key_id -> Text,
        door -> Text,
        credential_id -> Nullable<Text>,
        account_id -> Nullable<Text>,
        gstin -> Text,
        username -> Text,
        client_id -> Text,
        issued_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    workspaces (id) {
        id -> Text,
        name -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    members (workspace_id, account_id) {
        workspace_id -> Text,
        account_id -> Text,
        role -> Text,
        joined_at -> BigInt,
    }
}

diesel::table! {
    invitations (id) {
        id -> Text,
        token_hash -> Text,
        workspace_id -> Text,
        email -> Text,
        role -> Text,
        invited_by -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        accepted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    workspace_gstins (workspace_id, gstin) {
        workspace_id -> Text,
        gstin -> Text,
        added_at -> BigInt,
    }
}

diesel::table! {
    saved_credentials (id) {
        id -> Text,
        workspace_id -> Text,
        gstin -> Text,
        api_username -> Text,
        sealed_password -> Text,
        key_id -> Text,
        state -> Text,
        tested_at -> Nullable<BigInt>,
        changed_at -> BigInt,
        stale_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    handoffs (token_hash) {
        token_hash -> Text,
        workspace_id -> Text,
        account_id -> Text,
        session_id -> Text,
        gstin -> Text,
        purpose -> Text,
        expires_at -> BigInt,
        consumed_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    gstin_imports (id) {
        id -> Text,
        workspace_id -> Text,
        account_id -> Text,
        digest -> Text,
        state -> Text,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    gstin_import_rows (import_id, position) {
        import_id -> Text,
        position -> Integer,
        typed -> Text,
        gstin -> Nullable<Text>,
        outcome -> Nullable<Text>,
    }
}

diesel::table! {
    devices (token_hash, account_id) {
        token_hash -> Text,
        account_id -> Text,
        last_seen_at -> BigInt,
        proven_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    authenticators (id) {
        id -> Text,
        account_id -> Text,
        sealed_secret -> Text,
        key_id -> Text,
        created_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
        last_step -> BigInt,
        sealed_codes -> Nullable<Text>,
    }
}

diesel::table! {
    recovery_codes (account_id, position) {
        account_id -> Text,
        position -> Integer,
        code_hash -> Text,
        used_at -> Nullable<BigInt>,
    }
}

diesel::joinable!(devices -> accounts (account_id));
diesel::allow_tables_to_appear_in_same_query!(accounts, devices);
diesel::allow_tables_to_appear_in_same_query!(gstin_import_rows, workspace_gstins);
diesel::allow_tables_to_appear_in_same_query!(taxpayers, workspace_gstins);
diesel::joinable!(members -> accounts (account_id));
diesel::joinable!(members -> workspaces (workspace_id));
diesel::allow_tables_to_appear_in_same_query!(accounts, members, workspaces);
