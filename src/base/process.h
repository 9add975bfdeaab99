/* What a process sets up for itself before it handles secrets or many connections. */
#pragma once

/* No core files, and no other process of this user may look into this one. */
void process_forbid_core_files(void);
/* As many descriptors as the hard limit allows; how many these are. */
unsigned long process_raise_descriptors(void);
