# Ends at load with the status by which the harness says that it could not confine itself.
# expect: RUNTIME_ERROR exit status 70
# violation: no
import os

os._exit(70)
