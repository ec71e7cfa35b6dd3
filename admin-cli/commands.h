
/*
 * Copyright (C) 2026 paylock contributors
 *
 * The table of commands, for the dispatcher, help and completion.
 */


#ifndef _COMMANDS_H_INCLUDED_
#define _COMMANDS_H_INCLUDED_


#include "cli/admin.h"


/* ended by a command without a name */

extern const command_t  admin_commands[];


/* each in the file of its name in commands/; return a status */

int cmd_adopt(admin_t *a);
int cmd_audit_checkpoint(admin_t *a);
int cmd_audit_archive(admin_t *a);
int cmd_audit_export(admin_t *a);
int cmd_audit_log(admin_t *a);
int cmd_audit_verify(admin_t *a);
int cmd_change(admin_t *a);
int cmd_complete(admin_t *a);
int cmd_doctor(admin_t *a);
int cmd_help(admin_t *a);
int cmd_import(admin_t *a);
int cmd_init(admin_t *a);
int cmd_keygen(admin_t *a);
int cmd_list(admin_t *a);
int cmd_login(admin_t *a);
int cmd_login_revoke(admin_t *a);
int cmd_nodes(admin_t *a);
int cmd_nodes_forget(admin_t *a);
int cmd_notice(admin_t *a);
int cmd_pass_issue(admin_t *a);
int cmd_pass_list(admin_t *a);
int cmd_setup(admin_t *a);
int cmd_signers(admin_t *a);
int cmd_signers_pin(admin_t *a);
int cmd_signers_revoke(admin_t *a);
int cmd_status(admin_t *a);
int cmd_token_create(admin_t *a);
int cmd_token_list(admin_t *a);
int cmd_token_revoke(admin_t *a);
int cmd_version(admin_t *a);

/* keygen_pass.c: "keygen --pass"; returns a status */

int keygen_pass(admin_t *a);

/* check the options of some, before anything is set up; return a status */

int audit_archive_check(admin_t *a);
int audit_export_check(admin_t *a);
int audit_log_check(admin_t *a);
int list_check(admin_t *a);
int login_check(admin_t *a);
int status_check(admin_t *a);


#endif /* _COMMANDS_H_INCLUDED_ */
